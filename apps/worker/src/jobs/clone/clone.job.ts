import { createHash } from 'node:crypto';
import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import { CloneInput, type CloneOutput } from '@wcr/shared/contracts/jobs';
import { CLONE_QUEUE } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import { createAgentFileSink } from '../../drivers/agent/agent-file-sink.ts';
import { createBaseStore } from '../../drivers/agent/base-store.ts';
import { isLoopback } from '../../drivers/agent/is-loopback.ts';
import { patienceFor } from '../../drivers/agent/patience.ts';
import { SourceAgent } from '../../drivers/agent/source-agent.ts';
import { TargetAgent } from '../../drivers/agent/target-agent.ts';
import type { CloneHandle } from '../../drivers/runtime/runtime.types.ts';
import { defineJob } from '../../engine/define-job.ts';
import type { StepContext } from '../../engine/engine.types.ts';
import { type ReachedSite, reachSite, type WantedSite } from '../reach-site.ts';
import type { CloneDeps } from './clone.types.ts';
import { copyFiles } from './steps/copy-files.ts';
import { copyTables } from './steps/copy-tables.ts';
import { finishClone } from './steps/finish-clone.ts';
import { type CopyPlan, planCopy, rewriteMapOf } from './steps/plan-copy.ts';
import { publishClone } from './steps/publish-clone.ts';
import { verifyClone } from './steps/verify-clone.ts';

/** The whole clone job, top to bottom. */
export const cloneJob = defineJob<CloneDeps>()({
  name: CLONE_QUEUE,
  input: CloneInput,
  steps: [
    'reach-source',
    'plan-copy',
    'provision-clone',
    'begin-copy',
    'copy-tables',
    'copy-files',
    'finish-clone',
    'verify-clone',
    'publish-clone',
  ],

  async run({ input, jobId, deps, step }): Promise<CloneOutput> {
    const exclude = { paths: input.exclude?.paths ?? [], tables: input.exclude?.tables ?? [] };
    const reached = await step('reach-source', (s) => reachSite(deps, sourceOf(input), s));
    const plan = await step('plan-copy', async (s) => planCopy(await openSource(deps, { input, reached }, s), exclude.paths, s));
    const clone = await step('provision-clone', (s) => provisionClone(deps, { input, jobId, plan }, s));
    const open = async (s: StepContext) => openSides(deps, { input, jobId, reached }, s);
    const rewriter = deps.createRewriter(rewriteMapOf(plan, clone));
    const begun = await step('begin-copy', async (s) => {
      const { target } = await open(s);
      return target.begin({
        mode: 'replace',
        prefix: plan.prefix,
        expect: { dbBytes: plan.databaseBytes, fileBytes: plan.fileBytes },
      });
    });
    const tables = await step('copy-tables', async (s) => {
      const sides = await open(s);
      const concurrency = deps.settings.copyConcurrency;
      return copyTables({ ...sides, begun }, { prefix: plan.prefix, rewriter, excludeTables: exclude.tables, concurrency }, s);
    });
    const files = await step('copy-files', async (s) => {
      const { source, target, base } = await open(s);
      await using sink = (await deps.runtime.openFiles?.(input.cloneId, s.signal)) ?? createAgentFileSink(target);
      const sides = { source, sink, base, begun };
      return await copyFiles(sides, { plan, cloneUrl: clone.url, rewriter, excludePaths: exclude.paths }, s);
    });
    const finished = await step('finish-clone', async (s) => {
      const sides = await open(s);
      const { inexact } = tables;
      const readGuard = deps.readCloneGuard;
      return finishClone(sides, { plan, handle: sides.handle, rewriter, readGuard, inexact, excludeTables: exclude.tables }, s);
    });
    const verified = await step('verify-clone', async (s) => {
      await deps.runtime.update(input.cloneId, { finishedAt: deps.now() });
      return verifyClone(deps, await handleOf(deps, input.cloneId), s);
    });
    const sizes = {
      databaseBytes: tables.bytes,
      fileBytes: files.bytes,
      tables: tables.tables,
      rows: tables.rows,
      files: files.files,
    };
    await step('publish-clone', (s) => publishClone(deps, { input, jobId, sizes }, s));
    const warnings = [plan, tables, files, finished, verified].flatMap((part) => part.warnings).slice(0, 200);
    return {
      cloneId: input.cloneId,
      url: clone.url,
      tables: tables.tables,
      rows: tables.rows,
      files: files.files,
      bytes: tables.bytes + files.bytes,
      warnings,
    };
  },

  async onTerminalFailure({ input, deps, error }) {
    // First: where nothing can be removed now the sweeper comes back for the clone, and finds nothing that names its secrets.
    await deps.secrets.forget(input.secretRef);
    await deps.runtime.remove(input.cloneId, new AbortController().signal);
    await deps.projection.update(input.cloneId, { status: 'failed', error });
  },
});

function sourceOf({ source, secretRef, owner, cloneId }: CloneInput): WantedSite {
  return { ...source, secretRef, owner, holder: cloneId };
}

async function provisionClone(
  deps: CloneDeps,
  known: { input: CloneInput; jobId: string; plan: CopyPlan },
  step: StepContext,
): Promise<{ url: string; rootPath: string }> {
  const { plan } = known;
  const record = recordOf(deps, known.input, known.jobId);
  const spec = { record, tablePrefix: plan.prefix, databaseCharset: plan.charset, databaseCollation: plan.collation };
  await deps.projection.update(record.id, { status: 'provisioning' });
  const handle = await deps.runtime.ensure(spec, step.signal);
  await deps.runtime.awaitReady(record.id, step.signal);
  await deps.runtime.update(record.id, { status: 'copying' });
  await deps.projection.update(record.id, { status: 'copying' });
  step.log(`the clone will be at ${handle.url}`);
  return { url: handle.url, rootPath: handle.rootPath };
}

function recordOf(deps: CloneDeps, input: CloneInput, jobId: string): CloneRecord {
  return {
    id: input.cloneId,
    ...(input.name !== undefined && { name: input.name }),
    url: `${deps.runtime.addressOf(input.cloneId)}/`,
    status: 'provisioning',
    owner: input.owner,
    sourceUrl: input.source.url,
    jobId,
    createdAt: input.requestedAt,
    expiresAt: input.requestedAt + input.ttlMinutes * 60_000,
  };
}

async function openSource(
  deps: CloneDeps,
  known: { input: CloneInput; reached: ReachedSite },
  step: StepContext,
): Promise<SourceAgent> {
  const { pairingKey, httpAuth } = await deps.secrets.open(known.input.secretRef);
  if (pairingKey === undefined) throw new AppError('secret.missing');
  const { agentUrl: url, transport } = known.reached;
  const client = deps.connectAgent({ url, transport, pairingKey, httpAuth });
  const compress = !isLoopback(url);
  return new SourceAgent(client, { patience: patienceFor(deps, 'source.died', step), signal: step.signal, compress });
}

async function openSides(deps: CloneDeps, known: { input: CloneInput; jobId: string; reached: ReachedSite }, step: StepContext) {
  const handle = await handleOf(deps, known.input.cloneId);
  const client = deps.connectAgent({ url: handle.agentUrl, transport: 'standalone', pairingKey: handle.pairingKey });
  const patience = patienceFor(deps, 'runtime.failed', step);
  const session = createHash('sha256').update(known.jobId).digest('hex').slice(0, 12);
  const target = new TargetAgent(client, { session, patience, signal: step.signal });
  const base = createBaseStore(client, { patience, signal: step.signal });
  return { source: await openSource(deps, known, step), target, base, handle };
}

async function handleOf(deps: CloneDeps, cloneId: string): Promise<CloneHandle> {
  const handle = await deps.runtime.open(cloneId);
  if (handle === undefined) throw new AppError('runtime.failed', { reason: 'the clone is gone' });
  return handle;
}
