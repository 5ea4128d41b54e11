export type PrefetchLimits<T> = {
  readonly items: number;
  /** Pulling pauses while so many bytes wait; a single larger item passes. */
  readonly bytes?: number;
  readonly sizeOf?: (item: T) => number;
};

/**
 * Pulls ahead of the consumer so that reading one side overlaps with writing the other, within limits. Ends the source
 * when the consumer stops.
 */
export async function* prefetch<T>(source: AsyncGenerator<T>, limits: PrefetchLimits<T>): AsyncGenerator<T> {
  const buffer = new Buffered(limits);
  const producing = produce(source, buffer);
  try {
    for (let item = await buffer.take(); item !== undefined; item = await buffer.take()) yield item.value;
  } finally {
    buffer.close();
    await producing;
  }
}

async function produce<T>(source: AsyncGenerator<T>, buffer: Buffered<T>): Promise<void> {
  try {
    for await (const value of source) if (!(await buffer.put(value))) break;
    buffer.end();
  } catch (error) {
    buffer.end({ error });
  }
}

/** A bounded queue between one producer and one consumer. */
class Buffered<T> {
  readonly #limits: PrefetchLimits<T>;
  readonly #items: T[] = [];
  #bytes = 0;
  #isClosed = false;
  #end: { error?: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(limits: PrefetchLimits<T>) {
    this.#limits = limits;
  }

  /** @returns false when the consumer has gone */
  async put(item: T): Promise<boolean> {
    this.#items.push(item);
    this.#bytes += this.#sizeOf(item);
    this.#wake();
    while (!this.#isClosed && this.#isFull()) await this.#change();
    return !this.#isClosed;
  }

  /** @returns undefined at the end. @throws what the source threw, after everything before it was taken */
  async take(): Promise<{ value: T } | undefined> {
    while (this.#items.length === 0 && this.#end === undefined) await this.#change();
    if (this.#items.length === 0) {
      if (this.#end && 'error' in this.#end) throw this.#end.error;
      return undefined;
    }
    const value = this.#items.shift() as T;
    this.#bytes -= this.#sizeOf(value);
    this.#wake();
    return { value };
  }

  end(end: { error?: unknown } = {}): void {
    this.#end = end;
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  #isFull(): boolean {
    return this.#items.length >= this.#limits.items || this.#bytes >= (this.#limits.bytes ?? Number.POSITIVE_INFINITY);
  }

  #sizeOf(item: T): number {
    return this.#limits.sizeOf?.(item) ?? 0;
  }

  /** One side waits at a time: the producer on a full buffer, or the consumer on an empty one. */
  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
