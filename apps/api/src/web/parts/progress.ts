import type { JobProgress } from '@wcr/shared/contracts/jobs';
import { isTerminal, type JobView } from '../../queue/read-job.ts';
import { formatBytes, formatCount, inWords } from './format.ts';
import { type Html, html } from './html.ts';

/**
 * How far a job is. The script goes on from here: it follows the events of the job, fills the parts marked with `data-part`,
 * and loads the page again when the job has ended.
 * @param isEnd false where what the job works on has not ended yet, though the job may have
 */
export function progressPanel(job: JobView, isEnd = isTerminal(job.status)): Html {
  const { progress, cancelRequested } = job;
  return html`<section class="progress" aria-label="Progress"${isEnd ? '' : html` data-events="/jobs/${job.id}/events"`}>
      <p class="step" aria-live="polite"><span data-part="step">${stepText(job)}</span></p>
      <progress max="1" value="${shareOf(progress)}" aria-label="${inWords(job.queue)} ${job.id}" data-part="bar"></progress>
      <p class="amounts"><span data-part="amounts">${amountsOf(progress)}</span> <span data-part="left"></span></p>
      ${cancelRequested ? html`<p class="muted">It was asked to end, and does so as soon as its worker has cleaned up.</p>` : ''}
      ${isEnd ? '' : html`<noscript><p class="muted">This page loads itself again every five seconds.</p></noscript>`}
    </section>`;
}

/** Where a job is, e.g. `Step 5 of 9: Copy tables`. */
export function stepText({ status, progress, attempts, maxAttempts }: JobView): string {
  if (status === 'delayed') return `Waits for its next attempt (${attempts + 1} of ${maxAttempts})`;
  if (progress === undefined) return status === 'waiting' ? 'Waits for a worker' : inWords(status);
  return `Step ${progress.stepNumber} of ${progress.stepCount}: ${inWords(progress.step)}`;
}

function shareOf(progress: JobProgress | undefined): string {
  if (progress === undefined) return '0';
  return Math.min(1, (progress.stepNumber - 1 + shareOfStep(progress)) / progress.stepCount).toFixed(3);
}

function shareOfStep({ bytes, totalBytes, done, total }: JobProgress): number {
  if (bytes !== undefined && totalBytes) return Math.min(1, bytes / totalBytes);
  return done !== undefined && total ? Math.min(1, done / total) : 0;
}

function amountsOf(progress: JobProgress | undefined): string {
  const { bytes, totalBytes, done, total, message = '' } = progress ?? {};
  if (bytes !== undefined && totalBytes) return `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
  return done !== undefined && total ? `${formatCount(done)} of ${formatCount(total)}` : message;
}
