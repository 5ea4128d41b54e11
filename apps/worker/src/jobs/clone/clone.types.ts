import type { CloneCredentials, CloneRecord } from '@wcr/shared/contracts/clone-record';
import type { SourceSecrets } from '@wcr/shared/contracts/jobs';
import type { AgentAddress, AgentClient, TransportName } from '../../drivers/agent/agent.types.ts';
import type { discoverAgent } from '../../drivers/agent/discover-agent.ts';
import type { BrowserDriver } from '../../drivers/browser/browser.types.ts';
import type { Runtime } from '../../drivers/runtime/runtime.types.ts';
import type { SiteProbe } from '../../drivers/site/site.types.ts';
import type { visitSite } from '../../drivers/site/visit-site.ts';
import type { SiteTurns } from '../../queue/site-turns.ts';
import type { RewriteMap, Rewriter } from '../../rewriter/rewriter.types.ts';

/** Sealed secrets of a job and what is remembered of sites between jobs. */
export type SecretAccess = {
  open(secretRef: string): Promise<SourceSecrets>;
  /** Replaces the sealed secrets of a job, keeping their remaining life. */
  replace(secretRef: string, secrets: SourceSecrets): Promise<void>;
  forget(secretRef: string): Promise<void>;
  rememberedPairing(site: { siteUrl: string; owner: string }): Promise<string | undefined>;
  rememberPairing(site: { siteUrl: string; owner: string }, pairingKey: string): Promise<void>;
  rememberedTransport(siteUrl: string): Promise<TransportName | undefined>;
  rememberTransport(siteUrl: string, transport: TransportName): Promise<void>;
};

/** The API's view of clones. */
export type ProjectionAccess = {
  write(record: CloneRecord): Promise<void>;
  writeCredentials(cloneId: string, credentials: CloneCredentials): Promise<void>;
  update(cloneId: string, patch: Partial<CloneRecord>): Promise<void>;
};

/** What a clone job is given; made in deps.ts. */
export type CloneDeps = {
  readonly runtime: Runtime;
  readonly browser: Pick<BrowserDriver, 'ensurePlugin'>;
  readonly probeSite: SiteProbe;
  readonly connectAgent: (address: AgentAddress) => AgentClient;
  readonly discoverAgent: typeof discoverAgent;
  readonly secrets: SecretAccess;
  readonly siteTurns: SiteTurns;
  readonly projection: ProjectionAccess;
  readonly scheduleExpire: (cloneId: string, at: number) => Promise<void>;
  /** Whether an agent of this version should be updated to ours. */
  readonly isOutdatedAgent: (version: string) => Promise<boolean>;
  readonly createRewriter: (map: RewriteMap) => Rewriter;
  /** Text of a must-use plugin of clones, by the name of its file. */
  readonly readCloneGuard: (file: string) => Promise<string>;
  /** GETs and POSTs to the finished clone. */
  readonly visit: typeof visitSite;
  readonly settings: { readonly patienceMs: number; readonly copyConcurrency: number };
  readonly now: () => number;
};
