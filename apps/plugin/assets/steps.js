/** The steps of the service's jobs in words for people, in their order. */
{
  const page = window.wcrPage;
  const { __ } = window.wp.i18n;

  const STEPS = {
    clone: [
      ['reach-source', __('Connect to this site', 'wp-clone-restore')],
      ['plan-copy', __('Look at what there is to copy', 'wp-clone-restore')],
      ['provision-clone', __('Make room for the clone', 'wp-clone-restore')],
      ['begin-copy', __('Begin to copy', 'wp-clone-restore')],
      ['copy-tables', __('Copy the database', 'wp-clone-restore')],
      ['copy-files', __('Copy the files', 'wp-clone-restore')],
      ['finish-clone', __('Cut the clone off from mail, payments and search engines', 'wp-clone-restore')],
      ['verify-clone', __('Check that the clone works', 'wp-clone-restore')],
      ['publish-clone', __('Open the clone', 'wp-clone-restore')],
    ],
    restore: [
      ['reach-source', __('Connect to the clone', 'wp-clone-restore')],
      ['reach-target', __('Connect to this site', 'wp-clone-restore')],
      ['compare-sites', __('Compare versions and folders', 'wp-clone-restore')],
      ['compare-tables', __('Compare the databases', 'wp-clone-restore')],
      ['compare-files', __('Compare the files', 'wp-clone-restore')],
      ['begin-restore', __('Prepare this site and keep a restore point', 'wp-clone-restore')],
      ['stage-tables', __('Send what changed in the database', 'wp-clone-restore')],
      ['stage-files', __('Send what changed in files', 'wp-clone-restore')],
      ['commit-restore', __('Switch over', 'wp-clone-restore')],
      ['verify-restore', __('Check that this site works', 'wp-clone-restore')],
      ['publish-restore', __('Write the report', 'wp-clone-restore')],
    ],
    rollback: [
      ['reach-target', __('Connect to this site', 'wp-clone-restore')],
      ['roll-back', __('Put back what was replaced', 'wp-clone-restore')],
      ['remove-restore-point', __('Remove the restore point', 'wp-clone-restore')],
      ['update-record', __('Write it down', 'wp-clone-restore')],
    ],
  };

  /** Steps that a preview ends before. */
  const PREVIEWED = 5;

  /** Steps of a job as `[name, label]`; a step of a newer service is shown by its name. */
  page.stepsOf = (job, isPreview) => {
    const known = STEPS[job.queue] || [];
    const steps = isPreview ? known.slice(0, PREVIEWED) : known;
    const current = job.progress && job.progress.step;
    return !current || known.some(([name]) => name === current) ? steps : [...steps, [current, current]];
  };
}
