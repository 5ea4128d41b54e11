import { SiteFacts } from '@wcr/shared/contracts/agent-facts';
import { AppError, isAppError } from '@wcr/shared/errors/app-error';
import type { Dispatcher } from 'undici';
import { type AgentAddress, type AgentClient, TRANSPORTS, type TransportName } from './agent.types.ts';
import { createAgentClient } from './agent-client.ts';
import { jsonOf } from './answers.ts';

export type DiscoverOptions = {
  /** Address of the site, without trailing slash. */
  readonly homeUrl: string;
  readonly pairingKey: string;
  readonly httpAuth?: AgentAddress['httpAuth'];
  /** The transport that worked last time is tried first. */
  readonly remembered?: TransportName | undefined;
  readonly signal: AbortSignal;
  readonly dispatcher?: Dispatcher;
};

/** Codes after which another transport would say the same: an agent answered, or the site's address is refused. */
const FINAL = new Set<string>(['agent.signature_rejected', 'agent.clock_skew', 'source.address_refused']);

/**
 * Finds the first transport by which the site's agent answers a signed `site.facts`.
 * @returns undefined when no transport leads to an agent
 * @throws AppError `source.pairing_rejected` when an agent answers and refuses the key, `agent.clock_skew`,
 *   `source.address_refused`
 */
export async function discoverAgent(options: DiscoverOptions): Promise<{ address: AgentAddress; facts: SiteFacts } | undefined> {
  for (const transport of candidates(options.remembered)) {
    const address = {
      url: urlOf(options.homeUrl, transport),
      transport,
      pairingKey: options.pairingKey,
      httpAuth: options.httpAuth,
    };
    const client = createAgentClient(address, {
      timeoutMs: 20_000,
      ...(options.dispatcher && { dispatcher: options.dispatcher }),
    });
    const facts = await askFacts(client, options.signal);
    if (facts) return { address, facts };
  }
  return undefined;
}

/** The URL of a transport below a site's address (docs/protocol.md, Transports). */
export function urlOf(homeUrl: string, transport: TransportName): string {
  const home = homeUrl.replace(/\/+$/, '');
  const paths: Record<TransportName, string> = {
    door: '/?wcr-agent=1',
    rest: '/wp-json/wp-clone-restore/v1/agent',
    'rest-route': '/?rest_route=/wp-clone-restore/v1/agent',
    ajax: '/wp-admin/admin-ajax.php?action=wp_clone_restore_agent',
    standalone: '/.wcr/agent',
  };
  return home + paths[transport];
}

function candidates(remembered: TransportName | undefined): TransportName[] {
  const known = TRANSPORTS.filter((transport) => transport !== 'standalone');
  // What is remembered was read from outside this process: only what a site can have is tried.
  return [...known].sort((a, b) => Number(b === remembered) - Number(a === remembered));
}

async function askFacts(client: AgentClient, signal: AbortSignal): Promise<SiteFacts | undefined> {
  try {
    const frames = [];
    for await (const frame of client.call('site.facts', {}, { signal })) frames.push(frame);
    return SiteFacts.parse(jsonOf(frames));
  } catch (error) {
    signal.throwIfAborted();
    if (isAppError(error) && FINAL.has(error.code)) {
      throw error.code === 'agent.signature_rejected' ? new AppError('source.pairing_rejected', {}, { cause: error }) : error;
    }
    return undefined;
  }
}
