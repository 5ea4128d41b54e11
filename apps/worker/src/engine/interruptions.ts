/** Ends an attempt without failing it: the job goes on later, somewhere. Never caught by jobs. */
export class JobInterruption extends Error {
  override readonly name = 'JobInterruption';
  readonly kind: 'released' | 'lock-lost';

  constructor(kind: 'released' | 'lock-lost') {
    super(kind === 'released' ? 'the worker gives its job back' : 'another worker may own the job');
    this.kind = kind;
  }
}

/** Thrown by a job that finds that its time has not come: it waits until then, and no attempt is used. */
export class JobPostponement extends Error {
  override readonly name = 'JobPostponement';
  /** Milliseconds since the epoch. */
  readonly until: number;

  constructor(until: number) {
    super('the job waits for its time');
    this.until = until;
  }
}
