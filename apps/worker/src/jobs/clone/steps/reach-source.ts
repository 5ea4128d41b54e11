import type { CloneInput, SourceSecrets } from '@wcr/shared/contracts/jobs';
import { AppError } from '@wcr/shared/errors/app-error';
import type { AgentAddress } from '../../../drivers/agent/agent.types.ts';
import type { ProbedSite } from '../../../drivers/site/site.types.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import type { CloneDeps } from '../clone.types.ts';

/** Where the source is and how its agent is reached; the pairing key itself stays in the sealed secrets. */
export type ReachedSource = { homeUrl: string; agentUrl: string; transport: AgentAddress['transport'] };

/**
 * Finds the source and makes sure that its agent answers: with the key given, with the one remembered from an earlier
 * job, and only then by installing the plugin through the browser.
 */
export async function reachSource(deps: CloneDeps, input: CloneInput, step: StepContext): Promise<ReachedSource> {
  const secrets = await deps.secrets.open(input.secretRef);
  const { url, loginUrl } = input.source;
  const site = await deps.probeSite({ url, loginUrl, httpAuth: secrets.httpAuth, signal: step.signal });
  step.log(`found WordPress at ${site.homeUrl}`);
  const found =
    (await tryKnownKeys(deps, site.homeUrl, secrets, step)) ?? (await pairByBrowser(deps, { input, site, secrets }, step));
  await deps.secrets.replace(input.secretRef, { ...secrets, pairingKey: found.pairingKey });
  await deps.secrets.rememberPairing(site.homeUrl, found.pairingKey);
  await deps.secrets.rememberTransport(site.homeUrl, found.transport);
  step.log(`the agent answers (${found.transport})`);
  return { homeUrl: site.homeUrl, agentUrl: found.url, transport: found.transport };
}

async function tryKnownKeys(
  deps: CloneDeps,
  homeUrl: string,
  secrets: SourceSecrets,
  step: StepContext,
): Promise<AgentAddress | undefined> {
  const remembered = await deps.secrets.rememberedTransport(homeUrl);
  const discover = (pairingKey: string) =>
    deps.discoverAgent({ homeUrl, pairingKey, httpAuth: secrets.httpAuth, remembered, signal: step.signal });
  if (secrets.pairingKey !== undefined) return requireAnswer(await discover(secrets.pairingKey));
  const cached = await deps.secrets.rememberedPairing(homeUrl);
  if (cached === undefined) return undefined;
  try {
    const found = await discover(cached);
    // An older agent than ours is updated by the browser when there is a login to do so.
    return found?.address;
  } catch (error) {
    if (error instanceof AppError && error.code === 'source.pairing_rejected') return undefined;
    throw error;
  }
}

async function pairByBrowser(
  deps: CloneDeps,
  known: { input: CloneInput; site: ProbedSite; secrets: SourceSecrets },
  step: StepContext,
): Promise<AgentAddress> {
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
