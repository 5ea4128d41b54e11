import { setTimeout as sleep } from 'node:timers/promises';
import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { AgentAddress } from '../drivers/agent/agent.types.ts';
import type { ProbedSite, ProbeRequest } from '../drivers/site/site.types.ts';
import type { StepContext } from '../engine/engine.types.ts';
import type { CloneDeps } from './clone/clone.types.ts';

const PROBE_PATIENCE_MS = 3_000;
const PROBE_PAUSE_MS = 1_000;

/** What reaching a site takes. */
export type ReachDeps = Pick<
  CloneDeps,
  'browser' | 'probeSite' | 'discoverAgent' | 'secrets' | 'siteTurns' | 'isOutdatedAgent' | 'now'
>;

/** A site to be reached: where it is, whose it is, and which sealed secrets open it. */
export type WantedSite = {
  readonly url: string;
  readonly loginUrl?: string | undefined;
  readonly secretRef: string;
  /** Id of the API key that asked: a remembered pairing is theirs alone. */
  readonly owner: string;
  /** Names the job among those that wait for the site's wp-admin. */
  readonly holder: string;
};

/** Where a site is and how its agent is reached; the pairing key itself stays in the sealed secrets. */
export type ReachedSite = { homeUrl: string; agentUrl: string; transport: AgentAddress['transport'] };

/**
 * Finds a site and makes sure that its agent answers: with the key given, with the one remembered from an earlier
 * job, and only then by installing the plugin through the browser.
 */
export async function reachSite(deps: ReachDeps, wanted: WantedSite, step: StepContext): Promise<ReachedSite> {
  const secrets = await deps.secrets.open(wanted.secretRef);
  const { url, loginUrl } = wanted;
  const site = await probePatiently(deps, { url, loginUrl, httpAuth: secrets.httpAuth, signal: step.signal }, step);
  step.log(`found WordPress at ${site.homeUrl}`);
  const found =
    (await tryKnownKeys(deps, { wanted, site, secrets }, step)) ?? (await pairInTurn(deps, { wanted, site, secrets }, step));
  await deps.secrets.replace(wanted.secretRef, { ...secrets, pairingKey: found.pairingKey });
  await deps.secrets.rememberPairing({ siteUrl: site.homeUrl, owner: wanted.owner }, found.pairingKey);
  await deps.secrets.rememberTransport(site.homeUrl, found.transport);
  step.log(`the agent answers (${found.transport})`);
  return { homeUrl: site.homeUrl, agentUrl: found.url, transport: found.transport };
}

/** One connection that is cut proves nothing, and this step's failure ends the job. */
async function probePatiently(deps: ReachDeps, request: ProbeRequest, step: StepContext): Promise<ProbedSite> {
  const begun = deps.now();
  for (;;) {
    try {
      return await deps.probeSite(request);
    } catch (error) {
      const mayPass = isAppError(error) && error.code === 'source.unreachable';
      if (!mayPass || deps.now() - begun > PROBE_PATIENCE_MS) throw error;
      step.log(`${error.message} Asking again.`);
      await sleep(PROBE_PAUSE_MS, undefined, { signal: step.signal });
    }
  }
}

async function tryKnownKeys(deps: ReachDeps, known: Known, step: StepContext): Promise<AgentAddress | undefined> {
  const { secrets } = known;
  const { homeUrl } = known.site;
  const remembered = await deps.secrets.rememberedTransport(homeUrl);
  const discover = (pairingKey: string) =>
    deps.discoverAgent({ homeUrl, pairingKey, httpAuth: secrets.httpAuth, remembered, signal: step.signal });
  if (secrets.pairingKey !== undefined && secrets.password === undefined)
    return requireAnswer(await discover(secrets.pairingKey));
  // With a login the browser brings back a plugin that was removed since the key was read.
  const cached = secrets.pairingKey ?? (await deps.secrets.rememberedPairing({ siteUrl: homeUrl, owner: known.wanted.owner }));
  if (cached === undefined) return undefined;
  try {
    const found = await discover(cached);
    // An older agent than ours is updated by the browser, when there is a login to do so.
    const isUpdated =
      found !== undefined && secrets.password !== undefined && (await deps.isOutdatedAgent(found.facts.agentVersion));
    return isUpdated ? undefined : found?.address;
  } catch (error) {
    if (error instanceof AppError && error.code === 'source.pairing_rejected') return undefined;
    throw error;
  }
}

type Known = { wanted: WantedSite; site: ProbedSite; secrets: SourceSecrets };

/** Who had to wait for another job finds the key that it has left. */
function pairInTurn(deps: ReachDeps, known: Known, step: StepContext): Promise<AgentAddress> {
  const { homeUrl: siteUrl } = known.site;
  let waited = false;
  const onWait = () => {
    waited = true;
    step.log('another job is setting up the plugin on this site; waiting for it');
  };
  return deps.siteTurns.take({ siteUrl, holder: known.wanted.holder, signal: step.signal, onWait }, async () => {
    const left = waited ? await tryKnownKeys(deps, known, step) : undefined;
    const found = left ?? (await pairByBrowser(deps, known, step));
    await deps.secrets.rememberPairing({ siteUrl, owner: known.wanted.owner }, found.pairingKey);
    return found;
  });
}

async function pairByBrowser(deps: ReachDeps, known: Known, step: StepContext): Promise<AgentAddress> {
  const { username, password, httpAuth } = known.secrets;
  if (username === undefined || password === undefined) throw new AppError('source.credentials_required');
  const { homeUrl } = known.site;
  const loginUrl = known.site.loginUrl ?? known.wanted.loginUrl;
  step.report({ message: 'setting up the plugin in wp-admin' });
  const setup = await deps.browser.ensurePlugin(
    { url: homeUrl, loginUrl, username, password, httpAuth },
    { signal: step.signal, log: step.log },
  );
  step.log(`plugin ${setup.pluginVersion}: ${setup.action}`);
  return requireAnswer(await deps.discoverAgent({ homeUrl, pairingKey: setup.pairingKey, httpAuth, signal: step.signal }));
}

function requireAnswer(found: { address: AgentAddress } | undefined): AgentAddress {
  if (found === undefined) throw new AppError('source.agent_blocked', { reason: 'no transport led to the agent' });
  return found.address;
}
