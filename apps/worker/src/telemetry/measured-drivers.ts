import { isAppError } from '@wcr/shared/errors/app-error';
import type { ErrorCode } from '@wcr/shared/errors/catalogue';
import type { AgentAddress, AgentClient } from '../drivers/agent/agent.types.ts';
import type { BrowserDriver } from '../drivers/browser/browser.types.ts';
import type { FileSink } from '../drivers/runtime/file-sink.types.ts';
import type { Runtime } from '../drivers/runtime/runtime.types.ts';
import type { RewriteMap, Rewriter } from '../rewriter/rewriter.types.ts';
import type { DriverMetrics } from './metrics.ts';

/** Kinds of frames that carry what a site consists of; the others are talk. */
const CARGO: Readonly<Record<string, 'rows' | 'files'>> = { R: 'rows', F: 'files' };

type ConnectAgent = (address: AgentAddress) => AgentClient;

/** Counts the rows and files that agents send and are sent; what is sent again counts again. */
export function measureAgents(connect: ConnectAgent, { bytesMoved }: Pick<DriverMetrics, 'bytesMoved'>): ConnectAgent {
  const count = (kind: string, direction: 'read' | 'written', bytes: number): void => {
    const what = CARGO[kind];
    if (what !== undefined) bytesMoved({ what, direction }, bytes);
  };
  return (address) => {
    const client = connect(address);
    return {
      async *call(operation, args, options) {
        for (const frame of options.frames ?? []) count(kindOf(frame), 'written', frame[2]?.length ?? 0);
        for await (const frame of client.call(operation, args, options)) {
          count(frame.kind, 'read', frame.data.length);
          yield frame;
        }
      },
    };
  };
}

/** The kind of an encoded frame: its head begins with it. */
function kindOf([head]: readonly Buffer[]): string {
  return String.fromCharCode(head?.[0] ?? 0);
}

/** Counts the bytes that a runtime writes into a clone's folder itself. */
export function measureFiles(runtime: Runtime, { bytesMoved }: Pick<DriverMetrics, 'bytesMoved'>): Runtime {
  const { openFiles } = runtime;
  if (openFiles === undefined) return runtime;
  const measured = (sink: FileSink): FileSink => ({
    async writeFiles(pieces) {
      await sink.writeFiles(pieces);
      const bytes = pieces.reduce((sum, { data }) => sum + data.length, 0);
      bytesMoved({ what: 'files', direction: 'written' }, bytes);
    },
    makeEntries: (entries) => sink.makeEntries(entries),
    [Symbol.asyncDispose]: () => sink[Symbol.asyncDispose](),
  });
  return {
    ...runtime,
    async openFiles(cloneId, signal) {
      const sink = await openFiles(cloneId, signal);
      return sink && measured(sink);
    },
  };
}

/** Counts the addresses and paths that rewriters replace. */
export function measureRewriters(
  create: (map: RewriteMap) => Rewriter,
  { replaced }: Pick<DriverMetrics, 'replaced'>,
): (map: RewriteMap) => Rewriter {
  return (map) => {
    const rewriter = create(map);
    return {
      ...rewriter,
      rewrite(bytes) {
        const result = rewriter.rewrite(bytes);
        if (result.replacements > 0) replaced(result.replacements);
        return result;
      },
    };
  };
}

/** Counts why wp-admin could not be used; a job that was told to stop is no failure of the browser. */
export function measureBrowser(browser: BrowserDriver, { browserFailed }: Pick<DriverMetrics, 'browserFailed'>): BrowserDriver {
  return {
    ...browser,
    async ensurePlugin(login, context) {
      try {
        return await browser.ensurePlugin(login, context);
      } catch (error) {
        const code: ErrorCode = isAppError(error) ? error.code : 'internal.unexpected';
        if (!context.signal.aborted) browserFailed(code);
        throw error;
      }
    },
  };
}
