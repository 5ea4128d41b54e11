/**
 * Lets one write run while the next is prepared: `push` waits for the write before, not for its own. Order is kept, and a
 * failed write is thrown by the next `push` or by `settle`. Disposing it waits too, so that nothing is written any more
 * after its owner has failed for another reason.
 */
export class WriteBehind implements AsyncDisposable {
  #running: Promise<void> = Promise.resolve();

  async push(write: () => Promise<void>): Promise<void> {
    await this.#running;
    this.#running = write();
    // Thrown when it is waited for; until then it must not count as unhandled.
    this.#running.catch(() => undefined);
  }

  /** Returns when the last write has ended. */
  async settle(): Promise<void> {
    await this.#running;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running.catch(() => undefined);
  }
}
