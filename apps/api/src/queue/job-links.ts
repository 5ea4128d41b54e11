/** Where a job is looked up; paths, or full addresses when the public address of the API is configured. */
export function linksOf(jobId: string, publicUrl: string | undefined): { id: string; statusUrl: string; eventsUrl: string } {
  const statusUrl = `${(publicUrl ?? '').replace(/\/+$/, '')}/api/v1/jobs/${jobId}`;
  return { id: jobId, statusUrl, eventsUrl: `${statusUrl}/events` };
}
