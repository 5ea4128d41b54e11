import { Redis } from 'ioredis';

/**
 * A connection that sends the commands of one turn of the event loop in one write. A write of its own for each is a system call
 * each, and as many reads of Redis. Unlike a pipeline it changes nothing else: each
 * command has its own reply, error and time limit.
 */
export class TurnwiseRedis extends Redis {
  #held: Redis['stream'] | undefined;

  override sendCommand(...sent: Parameters<Redis['sendCommand']>): unknown {
    this.#holdWrites();
    return super.sendCommand(...sent);
  }

  #holdWrites(): void {
    const { stream } = this;
    if (stream === undefined || stream === this.#held) return;
    this.#held = stream;
    stream.cork();
    setImmediate(() => {
      if (this.#held === stream) this.#held = undefined;
      stream.uncork();
    });
  }
}
