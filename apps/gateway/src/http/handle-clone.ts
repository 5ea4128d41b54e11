import type { IncomingMessage, ServerResponse } from 'node:http';
import { LOCAL_AGENT_PATH } from '@wcr/shared/contracts/local-clone';
import { type Clone, type CloneStore, isGone, isPastExpiry, isUnderWay } from '../clones/clone-store.ts';
import type { PhpPool } from '../php/php-pool.ts';
import { agentParams, type ScriptCall, siteParams } from './cgi-params.ts';
import { visitorOf } from './forwarded.ts';
import { type PageName, sendPage } from './pages.ts';
import type { Target } from './parse-target.ts';
import { resolvePath } from './resolve-path.ts';
import { runScript } from './run-script.ts';
import { sendFile } from './static-file.ts';

export type CloneHandlerDeps = {
  readonly clones: CloneStore;
  readonly pool: PhpPool;
  readonly publicUrl: URL;
  readonly trustedProxies: ReadonlySet<string>;
  /** The agent's script as PHP sees it. */
  readonly agentScript: string;
  readonly clock: () => number;
  readonly phpIdleMs: number;
  /** Where bodies of unknown length wait for PHP. */
  readonly spoolDir: string;
};

export type CloneTarget = Extract<Target, { kind: 'clone' }>;

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse };

/** Answers everything below `/<clone id>/`: the agent first, then what visitors may see of the clone right now. */
export async function handleClone(deps: CloneHandlerDeps, exchange: Exchange, target: CloneTarget): Promise<void> {
  const clone = await deps.clones.read(target.cloneId);
  if (isGone(clone)) return sendPage(exchange.response, 'gone');
  if (target.path === LOCAL_AGENT_PATH) return await callAgent(deps, exchange, { clone, target });
  const closed = closedPage(deps, clone);
  if (closed) return sendPage(exchange.response, closed);
  await serveSite(deps, exchange, { clone, target });
}

function closedPage(deps: CloneHandlerDeps, { record }: Clone): PageName | undefined {
  if (isPastExpiry(record, deps.clock()) || record.status === 'failed') return 'gone';
  return isUnderWay(record) ? 'making' : undefined;
}

async function callAgent(deps: CloneHandlerDeps, exchange: Exchange, at: { clone: Clone; target: CloneTarget }): Promise<void> {
  if (exchange.request.method !== 'POST') {
    exchange.response.writeHead(405, { Allow: 'POST' }).end();
    return;
  }
  const call = scriptCall(deps, exchange, { ...at, script: LOCAL_AGENT_PATH, pathInfo: '' });
  await runScript(deps.pool, exchange.request, exchange.response, {
    cloneId: at.target.cloneId,
    prefix: at.target.prefix,
    door: 'agent',
    params: agentParams(call, deps.agentScript),
    idleMs: deps.phpIdleMs,
    spoolDir: deps.spoolDir,
  });
}

async function serveSite(deps: CloneHandlerDeps, exchange: Exchange, at: { clone: Clone; target: CloneTarget }): Promise<void> {
  const { clone, target } = at;
  const found = await resolvePath(clone.paths.site, target.path);
  if (found.kind === 'refused') return sendPage(exchange.response, 'missing');
  if (found.kind === 'file') return await sendFile(exchange.request, exchange.response, found);
  if (found.kind === 'add-slash') {
    const query = target.query === '' ? '' : `?${target.query}`;
    exchange.response.writeHead(301, { Location: `${target.prefix}${encodeURI(target.path)}/${query}` }).end();
    return;
  }
  const call = scriptCall(deps, exchange, { ...at, script: found.script, pathInfo: found.pathInfo });
  await runScript(deps.pool, exchange.request, exchange.response, {
    cloneId: target.cloneId,
    prefix: target.prefix,
    door: 'site',
    params: siteParams(call),
    idleMs: deps.phpIdleMs,
    spoolDir: deps.spoolDir,
  });
}

function scriptCall(
  deps: CloneHandlerDeps,
  exchange: Exchange,
  at: { clone: Clone; target: CloneTarget; script: string; pathInfo: string },
): ScriptCall {
  const { prefix, query } = at.target;
  return {
    request: exchange.request,
    clone: at.clone,
    visitor: visitorOf(exchange.request, deps.trustedProxies, deps.publicUrl.protocol === 'https:'),
    prefix,
    query,
    script: at.script,
    pathInfo: at.pathInfo,
    publicUrl: deps.publicUrl,
  };
}
