/** Follows one job: steps, bytes, time left, and how it ended. */
{
  const page = window.wcrPage;
  const { sprintf, __, _n } = window.wp.i18n;
  const { el } = page;
  const ENDED = ['completed', 'failed', 'cancelled'];
  const FATAL = ['page.nonce_invalid', 'page.not_allowed', 'page.not_connected', 'job.not_found', 'auth.invalid', 'auth.expired'];
  const FIRST_PAUSE_MS = 700;
  const LONGEST_PAUSE_MS = 4000;
  /** An estimate from less than that is none. */
  const SAMPLE_MS = 3000;

  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  /** Guesses the rest of a step from its bytes so far. */
  function createClock() {
    let first;
    return (progress) => {
      const { step, bytes, totalBytes } = progress;
      if (!totalBytes || bytes === undefined) return undefined;
      const now = Date.now();
      if (!first || first.step !== step || bytes < first.bytes) first = { step, bytes, at: now };
      const moved = bytes - first.bytes;
      if (now - first.at < SAMPLE_MS || moved <= 0) return undefined;
      return ((totalBytes - bytes) * (now - first.at)) / moved;
    };
  }

  function shareOf({ bytes, totalBytes, done, total }) {
    if (totalBytes && bytes !== undefined) return Math.min(1, bytes / totalBytes);
    return total && done !== undefined ? Math.min(1, done / total) : 0;
  }

  /** Bytes, or pieces, of the current step, and the time it may take yet. */
  function amounts(progress, leftMs) {
    const { bytes, totalBytes, done, total } = progress;
    const parts = [];
    if (totalBytes && bytes !== undefined) {
      /* translators: 1: bytes so far, 2: all bytes. */
      parts.push(
        sprintf(__('%1$s of %2$s', 'wp-clone-restore'), page.bytes(Math.min(bytes, totalBytes)), page.bytes(totalBytes)),
      );
    } else if (total && done !== undefined) {
      parts.push(sprintf(__('%1$s of %2$s', 'wp-clone-restore'), page.number(done), page.number(total)));
    }
    /* translators: %s: time span such as “3 minutes”. */
    if (leftMs !== undefined) parts.push(sprintf(__('about %s left in this step', 'wp-clone-restore'), page.duration(leftMs)));
    return parts.join(' · ');
  }

  function waitingText(job) {
    if (job.status === 'delayed') return __('The last try failed; it is tried again in a moment.', 'wp-clone-restore');
    if (!job.ahead) return __('It is next in the queue.', 'wp-clone-restore');
    return sprintf(
      /* translators: %s: number. */
      _n('%s job is ahead of it in the queue.', '%s jobs are ahead of it in the queue.', job.ahead, 'wp-clone-restore'),
      page.number(job.ahead),
    );
  }

  function stepItem([, label], place) {
    const state = place < 0 ? 'done' : place === 0 ? 'current' : 'ahead';
    const words = { done: __('Done:', 'wp-clone-restore'), current: __('Now:', 'wp-clone-restore'), ahead: '' }[state];
    return el(
      'li',
      { class: `wcr-step wcr-step-${state}`, 'aria-current': place === 0 ? 'step' : undefined },
      words ? el('span', { class: 'screen-reader-text' }, `${words} `) : '',
      label,
    );
  }

  /** The card's parts, made once, so that the focus stays where it is while they change. */
  function createView(title, onCancel) {
    const parts = {
      bar: el('progress', { max: '1', value: '0', 'aria-labelledby': 'wcr-progress-title' }),
      now: el('p', { class: 'wcr-now' }),
      steps: el('ol', { class: 'wcr-steps' }),
      cancel: page.button(__('Cancel', 'wp-clone-restore'), onCancel, { id: 'wcr-cancel' }),
    };
    const heading = el('h2', { id: 'wcr-progress-title' }, title);
    page.replace(page.byId('progress'), heading, parts.bar, parts.now, parts.steps, el('p', {}, parts.cancel));
    page.show(page.byId('progress'), true);
    return parts;
  }

  function showJob(view, job, { isPreview, clock }) {
    const steps = page.stepsOf(job, isPreview);
    const progress = job.status === 'active' ? job.progress : undefined;
    const current = progress ? steps.findIndex(([name]) => name === progress.step) : -1;
    view.bar.value = progress ? (current + shareOf(progress)) / Math.max(1, steps.length) : 0;
    view.now.textContent = progress ? amounts(progress, clock(progress)) : waitingText(job);
    page.replace(view.steps, ...steps.map((step, index) => stepItem(step, progress ? index - current : 1)));
    return current < 0 ? '' : steps[current][1];
  }

  /** The job as it is now, or undefined while this site or the service does not answer; that passes. */
  async function look(jobId, view) {
    try {
      return await page.ask('job', { jobId });
    } catch (error) {
      if (FATAL.includes(error.code)) throw error;
      view.now.textContent = `${error.message} ${__('The work goes on; this page looks again in a moment.', 'wp-clone-restore')}`;
      return undefined;
    }
  }

  async function untilEnded(jobId, view, isPreview) {
    const clock = createClock();
    let said = '';
    let pauseMs = FIRST_PAUSE_MS;
    let job = await look(jobId, view);
    while (!hasEnded(job)) {
      const step = job ? showJob(view, job, { isPreview, clock }) : said;
      if (step !== said) window.wp.a11y.speak(step);
      said = step;
      await sleep(pauseMs);
      pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 1.15);
      job = await look(jobId, view);
    }
    return job;
  }

  const hasEnded = (job) => job !== undefined && ENDED.includes(job.status);

  /** Waits until somebody has decided what becomes of a job that failed: try again, or leave it. */
  function askWhatNow(job, canRepeat) {
    return new Promise((resolve) => {
      const again = page.button(__('Try again', 'wp-clone-restore'), () => resolve(true));
      const leave = page.button(__('Close', 'wp-clone-restore'), () => resolve(false));
      const isCancelled = job.status === 'cancelled';
      const error = job.error || { message: __('It failed.', 'wp-clone-restore'), hint: '' };
      const notice = isCancelled
        ? page.notice('info', el('p', {}, __('It was cancelled.', 'wp-clone-restore')), el('p', {}, leave))
        : page.problem(error, ...(canRepeat ? [again, leave] : [leave]));
      page.replace(
        page.byId('progress'),
        el('h2', { id: 'wcr-progress-title' }, __('It did not work', 'wp-clone-restore')),
        notice,
      );
      window.wp.a11y.speak(notice.textContent, 'assertive');
      leave.focus();
    });
  }

  /** One thing at a time: what is under way has the page's one bar. Throws what to tell. */
  page.refuseWhileFollowing = () => {
    if (!page.isFollowing) return;
    const hint = __('Wait until it has ended, or cancel it.', 'wp-clone-restore');
    throw Object.assign(new Error(__('Something is under way already.', 'wp-clone-restore')), { code: 'page.busy', hint });
  };

  /**
   * Follows a job to its end. `options.title` heads it; `options.isAnswer(job)` tells that a failure is an answer, not to be
   * asked about; `options.again()` asks for the same anew and gives the new job (the secrets of one that failed are gone, so that it
   * cannot go on itself). Resolves with the job, however it ended.
   */
  page.follow = async (jobId, options) => {
    page.isFollowing = true;
    try {
      return await followAgain(jobId, options);
    } finally {
      page.isFollowing = false;
      page.show(page.byId('progress'), false);
    }
  };

  async function followAgain(firstId, options) {
    let jobId = firstId;
    const cancel = (event) => void page.whileBusy(event.currentTarget, () => page.ask('cancel', { jobId }));
    let view = createView(options.title, cancel);
    for (;;) {
      const job = await untilEnded(jobId, view, options.isPreview);
      const isOver = job.status === 'completed' || (options.isAnswer && options.isAnswer(job));
      if (isOver || !(await askWhatNow(job, options.again !== undefined))) return job;
      view = createView(options.title, cancel);
      jobId = await options.again();
    }
  }
}
