/** Whether an agent is on this machine: compressing for it costs more than it saves. */
export function isLoopback(url: string): boolean {
  return /^(127\.|localhost$|\[?::1)/.test(new URL(url).hostname);
}
