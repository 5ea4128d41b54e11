import type { JobProgress } from '@wcr/shared/contracts/jobs';

const WIDTH = 24;

/** Where progress is shown: one line that changes on a terminal, plain lines elsewhere. */
export type Screen = { readonly isTTY?: boolean; write(text: string): unknown };
export type ProgressDisplay = { show(progress: JobProgress): void; end(): void };

/** Shows how far a job is. Without a terminal a line is written per step and tenth of the way. */
export function createProgressDisplay(screen: Screen): ProgressDisplay {
  let last = '';
  return {
    show(progress) {
      const mark = screen.isTTY ? progressLine(progress) : `${progress.stepNumber} ${tenthsOf(progress)}`;
      if (mark === last) return;
      last = mark;
      screen.write(screen.isTTY ? `\r\x1b[2K${mark}` : `${progressLine(progress)}\n`);
    },
    end() {
      if (screen.isTTY && last !== '') screen.write('\n');
    },
  };
}

/** E.g. `[#########---------------] 4/9 copy-files  12.3 of 80.0 MiB`. */
export function progressLine(progress: JobProgress): string {
  const share = Math.min(1, (progress.stepNumber - 1 + shareOfStep(progress)) / progress.stepCount);
  const filled = Math.round(share * WIDTH);
  const bar = '#'.repeat(filled) + '-'.repeat(WIDTH - filled);
  return `[${bar}] ${progress.stepNumber}/${progress.stepCount} ${progress.step}${amounts(progress)}`;
}

function tenthsOf(progress: JobProgress): number {
  return Math.floor(shareOfStep(progress) * 10);
}

function shareOfStep({ bytes, totalBytes, done, total }: JobProgress): number {
  if (bytes !== undefined && totalBytes) return Math.min(1, bytes / totalBytes);
  return done !== undefined && total ? Math.min(1, done / total) : 0;
}

function amounts({ bytes, totalBytes, done, total, message }: JobProgress): string {
  if (bytes !== undefined && totalBytes) return `  ${mebibytes(bytes)} of ${mebibytes(totalBytes)} MiB`;
  if (done !== undefined && total) return `  ${done} of ${total}`;
  return message ? `  ${message}` : '';
}

function mebibytes(bytes: number): string {
  return (bytes / 1024 / 1024).toFixed(1);
}
