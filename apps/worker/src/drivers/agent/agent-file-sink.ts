import type { FileSink } from '../runtime/file-sink.types.ts';
import { encodeFrame } from './frame-codec.ts';
import { pathToWire } from './index-codec.ts';
import type { TargetAgent } from './target-agent.ts';

/** Files go where they belong through the target's agent: the way that every target has. */
export function createAgentFileSink(target: Pick<TargetAgent, 'writeFiles' | 'makeEntries'>): FileSink {
  return {
    writeFiles: (pieces) =>
      target.writeFiles(pieces.map(({ path, data, ...meta }) => encodeFrame('F', { path: pathToWire(path), ...meta }, data))),
    makeEntries: (entries) => target.makeEntries(entries),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
