import { setTimeout as sleep } from 'node:timers/promises';
import type { CloneInput, SourceSecrets } from '@wcr/shared/contracts/jobs';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { AgentAddress } from '../../../drivers/agent/agent.types.ts';
import type { ProbedSite, ProbeRequest } from '../../../drivers/site/site.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { CloneDeps } from '../clone.types.ts';

const PROBE_PATIENCE_MS = 3_000;
const PROBE_PAUSE_MS = 1_000;

/** Where the source is and how its agent is reached; the pairing key itself stays in the sealed secrets. */
export type ReachedSource = { homeUrl: string; agentUrl: string; transport: AgentAddress['transport'] };

/**
 * Finds the source and makes sure that its agent answers: with the key given, with the one remembered from an earlier
 * job, and only then by installing the plugin through the browser.
 */
export async function reachSource(deps: CloneDeps, input: CloneInput, step: StepContext): Promise<ReachedSource> {
  const secrets = await deps.secrets.open(input.secretRef);
  const { url, loginUrl } = input.source;
  const site = await probePatiently(deps, { url, loginUrl, httpAuth: secrets.httpAuth, signal: step.signal }, step);
  step.log(`found WordPress at ${site.homeUrl}`);
  const found =
    (await tryKnownKeys(deps, { input, site, secrets }, step)) ?? (await pairInTurn(deps, { input, site, secrets }, step));
  await deps.secrets.replace(input.secretRef, { ...secrets, pairingKey: found.pairingKey });
  await deps.secrets.rememberPairing({ siteUrl: site.homeUrl, owner: input.owner }, found.pairingKey);
  await deps.secrets.rememberTransport(site.homeUrl, found.transport);
  step.log(`the agent answers (${found.transport})`);
  return { homeUrl: site.homeUrl, agentUrl: found.url, transport: found.transport };
}

/** One connection that is cut proves nothing, and this step's failure ends the job. */
async function probePatiently(deps: CloneDeps, request: ProbeRequest, step: StepContext): Promise<ProbedSite> {
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

async function tryKnownKeys(deps: CloneDeps, known: Known, step: StepContext): Promise<AgentAddress | undefined> {
  const { secrets } = known;
  const { homeUrl } = known.site;
  const remembered = await deps.secrets.rememberedTransport(homeUrl);
  const discover = (pairingKey: string) =>
    deps.discoverAgent({ homeUrl, pairingKey, httpAuth: secrets.httpAuth, remembered, signal: step.signal });
  if (secrets.pairingKey !== undefined) return requireAnswer(await discover(secrets.pairingKey));
  const cached = await deps.secrets.rememberedPairing({ siteUrl: homeUrl, owner: known.input.owner });
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

type Known = { input: CloneInput; site: ProbedSite; secrets: SourceSecrets };

/** Who had to wait for another job finds the key that it has left. */
function pairInTurn(deps: CloneDeps, known: Known, step: StepContext): Promise<AgentAddress> {
  const { homeUrl: siteUrl } = known.site;
  let waited = false;
  const onWait = () => {
    waited = true;
    step.log('another job is setting up the plugin on this site; waiting for it');
  };
  return deps.siteTurns.take({ siteUrl, holder: known.input.cloneId, signal: step.signal, onWait }, async () => {
    const left = waited ? await tryKnownKeys(deps, known, step) : undefined;
    const found = left ?? (await pairByBrowser(deps, known, step));
    await deps.secrets.rememberPairing({ siteUrl, owner: known.input.owner }, found.pairingKey);
    return found;
  });
}

async function pairByBrowser(deps: CloneDeps, known: Known, step: StepContext): Promise<AgentAddress> {
  const { username, password, httpAuth } = known.secrets;
  if (username === undefined || password === undefined) throw new AppError('source.credentials_required');
  const { homeUrl } = known.site;
  const loginUrl = known.site.loginUrl ?? known.input.source.loginUrl;
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
