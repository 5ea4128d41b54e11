import type { EventEmitter } from 'node:events';
import type { ServerType } from '@hono/node-server';
import type { ApiDeps } from '../deps.ts';

const IDLE_SWEEP_MS = 50;

/**
 * On SIGTERM or SIGINT: not ready any more, event streams end, open requests are answered, then the process ends.
 * Requests that are still open after the configured time are cut off.
 */
export function stopOnSignal(options: {
  server: ServerType;
  deps: ApiDeps;
  signals: EventEmitter;
  exit: (status: number) => void;
}): void {
  const { server, deps, signals, exit } = options;
  let stopping = false;

  const stop = (signal: string) => {
    if (stopping) return;
    stopping = true;
    deps.logger.info({ signal }, 'stopping');
    deps.health.startStopping();
    deps.watcher.close();
    const cutOff = setTimeout(() => {
      deps.logger.warn('open requests are cut off');
      deps.close();
      exit(0);
    }, deps.config.shutdownSeconds * 1000);
    // A connection that is kept alive would hold the process after its last answer.
    const sweep = setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), IDLE_SWEEP_MS);
    server.close(() => {
      clearInterval(sweep);
      void deps.audit.drained().finally(() => {
        clearTimeout(cutOff);
        deps.close();
        deps.logger.info('stopped');
        exit(0);
      });
    });
  };
  signals.on('SIGTERM', () => stop('SIGTERM'));
  signals.on('SIGINT', () => stop('SIGINT'));
}
