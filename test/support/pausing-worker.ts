import { parseEnv } from '@wcr/shared/config/parse-env';
import type { CloneInput, ExpireInput } from '@wcr/shared/contracts/jobs';
import { CLONE_QUEUE, EXPIRE_QUEUE, QUEUE_PREFIX, RESTORE_QUEUE, ROLLBACK_QUEUE } from '@wcr/shared/contracts/queues';
import { workerConfig } from '@wcr/worker/config/worker-config';
import { createDeps } from '@wcr/worker/deps';
import type { AgentClient } from '@wcr/worker/drivers/agent/agent.types';
import type { FileSink } from '@wcr/worker/drivers/runtime/file-sink.types';
import type { Runtime } from '@wcr/worker/drivers/runtime/runtime.types';
import type { JobDefinition, Json, RunStep } from '@wcr/worker/engine/engine.types';
import { createProcessor, type Processor } from '@wcr/worker/engine/run-job';
import { cloneJob } from '@wcr/worker/jobs/clone/clone.job';
import type { CloneDeps } from '@wcr/worker/jobs/clone/clone.types';
import { type ExpireDeps, expireJob } from '@wcr/worker/jobs/expire/expire.job';
import { bindJobs } from '@wcr/worker/jobs/index';
import { restoreJob } from '@wcr/worker/jobs/restore/restore.job';
import type { RestoreDeps } from '@wcr/worker/jobs/restore/restore.types';
import { rollbackJob } from '@wcr/worker/jobs/rollback/rollback.job';
import { startHealthServer } from '@wcr/worker/telemetry/health-server';
import { createWorker } from '@wcr/worker/worker';
import { Gate, placesIn } from './pause-places.ts';

/**
 * A worker like any other, except that its jobs of clones and restores stop at the places that stand in the clone's name (see
 * pause-places.ts), or in WCR_TEST_PLACES. It leaves a marker for each place in the folder WCR_TEST_MARKERS; SIGUSR2 lets go what is held.
 */
const dir = process.env['WCR_TEST_MARKERS'] ?? '';
const { promise: released, resolve: release } = Promise.withResolvers<void>();
process.on('SIGUSR2', () => release());
const NEVER = new AbortController().signal;

/** How a job is made to stop. */
type Gating<Deps, Input> = {
  /** Where the places stand, unless they are in the environment. */
  nameOf(deps: Deps, input: Input): Promise<string | undefined>;
  /** Of the clone or restore that the markers name. */
  recordOf(input: Input): string;
  gated(deps: Deps, gate: Gate, signal: AbortSignal): Deps;
};

const ofClone: Gating<CloneDeps, CloneInput> = {
  nameOf: async (_, { name }) => name,
  recordOf: ({ cloneId }) => cloneId,
  gated: gatedClone,
};
const ofExpiry: Gating<ExpireDeps, ExpireInput> = {
  nameOf: async ({ projection }, { cloneId }) => (await projection.read(cloneId))?.name,
  recordOf: ({ cloneId }) => cloneId,
  gated: gatedExpire,
};
const ofRestore: Gating<RestoreDeps, { restoreId: string }> = {
  nameOf: async () => undefined,
  recordOf: ({ restoreId }) => restoreId,
  gated: gatedRestore,
};

const deps = createDeps(parseEnv(workerConfig, process.env));
const { config, engine, jobs, metrics, redis, logger } = deps;
const processors: Partial<Record<string, Processor>> = {
  [CLONE_QUEUE]: createProcessor({ engine, definition: pausing(cloneJob, ofClone), deps: jobs.clone }),
  [EXPIRE_QUEUE]: createProcessor({ engine, definition: pausing(expireJob, ofExpiry), deps: jobs.expire }),
  [RESTORE_QUEUE]: createProcessor({ engine, definition: pausing(restoreJob, ofRestore), deps: jobs.restore }),
  [ROLLBACK_QUEUE]: createProcessor({ engine, definition: pausing(rollbackJob, ofRestore), deps: jobs.restore }),
};
const bindings = bindJobs(engine, jobs, config).map((binding) => ({
  ...binding,
  processor: processors[binding.queue] ?? binding.processor,
}));
const worker = createWorker({
  ...{ bindings, redis, metrics, logger, redisUrl: config.redisUrl, prefix: QUEUE_PREFIX, settings: deps.worker },
});
const { metricsHost: host, metricsPort: port } = config;
const isReady = async () => redis.status === 'ready';
const health = await startHealthServer({ host, port, registry: metrics.registry, logger, isAlive: () => true, isReady });
process.once('SIGTERM', async () => {
  await worker.close();
  await health.close();
  await deps.close();
  process.exit(0);
});

/** The same job with a gate before its steps, its drivers and its cleaning. */
function pausing<Deps, Input, Output extends Json, Name extends string>(
  definition: JobDefinition<Deps, Input, Output, Name>,
  { nameOf, recordOf, gated }: Gating<Deps, Input>,
): JobDefinition<Deps, Input, Output, Name> {
  const gateOf = async (own: Deps, input: Input, job: string = definition.name) => {
    const text = process.env['WCR_TEST_PLACES'] ?? (await nameOf(own, input));
    return new Gate(placesIn(text, job), { dir, recordId: recordOf(input), released });
  };
  return {
    ...definition,
    async run(context) {
      const gate = await gateOf(context.deps, context.input);
      const step: RunStep<Name> = (name, body) => context.step(name, (s) => gate.passStep(name, s.signal, () => body(s)));
      return definition.run({ ...context, step, deps: gated(context.deps, gate, context.signal) });
    },
    async onTerminalFailure(context) {
      const gate = await gateOf(context.deps, context.input);
      const deps = gated(context.deps, await gateOf(context.deps, context.input, 'cleaning'), NEVER);
      await gate.pass('cleaning', NEVER, async () => definition.onTerminalFailure?.({ ...context, deps }));
    },
  };
}

function gatedClone(own: CloneDeps, gate: Gate, signal: AbortSignal): CloneDeps {
  return {
    ...own,
    runtime: gatedMethods({ prefix: 'runtime', target: gatedFiles(own.runtime, gate), gate, signal }),
    projection: gatedMethods({ prefix: 'projection', target: own.projection, gate, signal }),
    browser: gatedMethods({ prefix: 'browser', target: own.browser, gate, signal }),
    connectAgent: (address) => gatedAgent(own.connectAgent(address), gate),
  };
}

function gatedExpire(own: ExpireDeps, gate: Gate, signal: AbortSignal): ExpireDeps {
  return { ...own, runtime: gatedMethods({ prefix: 'runtime', target: own.runtime, gate, signal }) };
}

function gatedRestore(own: RestoreDeps, gate: Gate, signal: AbortSignal): RestoreDeps {
  return {
    ...own,
    restores: gatedMethods({ prefix: 'restores', target: own.restores, gate, signal }),
    secrets: gatedMethods({ prefix: 'secrets', target: own.secrets, gate, signal }),
    connectAgent: (address) => gatedAgent(own.connectAgent(address), gate),
  };
}

function gatedMethods<T extends object>(options: { prefix: string; target: T; gate: Gate; signal: AbortSignal }): T {
  const { prefix, target, gate, signal } = options;
  return new Proxy(target, {
    get(object, key) {
      const value: unknown = Reflect.get(object, key);
      const what = `${prefix}.${String(key)}`;
      if (typeof value !== 'function' || !gate.concerns(what)) return value;
      return (...args: unknown[]) => gate.pass(what, signal, async () => Reflect.apply(value, object, args));
    },
  });
}

/** A clone's files come to the same places whichever way they go; with WCR_TEST_AGENT_FILES that is always the agent's. */
function gatedFiles({ openFiles, ...runtime }: Runtime, gate: Gate): Runtime {
  if (openFiles === undefined || process.env['WCR_TEST_AGENT_FILES'] !== undefined) return runtime;
  return {
    ...runtime,
    async openFiles(cloneId, signal) {
      // What is held until the step is over is to be done all the same: then only the clone's folder knows better.
      const sink = await openFiles(cloneId, gate.concerns('files.write') ? NEVER : signal);
      if (sink === undefined) return undefined;
      const writeFiles: FileSink['writeFiles'] = (pieces) => gate.pass('files.write', signal, () => sink.writeFiles(pieces));
      return { ...sink, writeFiles };
    },
  };
}

/** A call that is to stop is sent and its whole answer read before anything of that is passed on. */
function gatedAgent(client: AgentClient, gate: Gate): AgentClient {
  return {
    async *call(operation, args, options) {
      if (!gate.concerns(operation)) return yield* client.call(operation, args, options);
      const send = (signal: AbortSignal) => Array.fromAsync(client.call(operation, args, { ...options, signal }));
      yield* await gate.pass(operation, options.signal, send);
    },
  };
}
