import { createHash } from 'node:crypto';
import { SourceSecrets } from '@wcr/shared/contracts/jobs';
import { redisKeys } from '@wcr/shared/contracts/queues';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import type { Redactor } from '@wcr/shared/telemetry/redactor';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { TRANSPORTS, type TransportName } from '../drivers/agent/agent.types.ts';

const DAY_MS = 86_400_000;
/** A site that is not cloned for so long is set up again. */
const PAIRING_TTL_MS = 90 * DAY_MS;
const TRANSPORT_TTL_MS = 30 * DAY_MS;

/** A site as one owner (the id of an API key) knows it. */
export type OwnedSite = { readonly siteUrl: string; readonly owner: string };

/** Sealed secrets of jobs, and what is remembered of sites between jobs. Opened values are known to the redactor. */
export type SecretStore = {
  /** @throws AppError `secret.missing`, `secret.unreadable` */
  open(secretRef: string): Promise<SourceSecrets>;
  /** Replaces the sealed secrets of a job, keeping their remaining life. No-op when they are gone. */
  replace(secretRef: string, secrets: SourceSecrets): Promise<void>;
  forget(secretRef: string): Promise<void>;
  has(secretRef: string): Promise<boolean>;
  /** Seals secrets that somebody needs until a moment (ms since the epoch) long after the job. */
  keep(secretRef: string, secrets: SourceSecrets, untilMs: number): Promise<void>;
  /** The pairing key of a site that this owner has set up before; undefined also when it was sealed under another key. */
  rememberedPairing(site: OwnedSite): Promise<string | undefined>;
  rememberPairing(site: OwnedSite, pairingKey: string): Promise<void>;
  forgetPairing(site: OwnedSite): Promise<void>;
  rememberedTransport(siteUrl: string): Promise<TransportName | undefined>;
  rememberTransport(siteUrl: string, transport: TransportName): Promise<void>;
};

export type SecretStoreOptions = { readonly redis: Redis; readonly sealer: Sealer; readonly redactor: Redactor };

export function createSecretStore({ redis, sealer, redactor }: SecretStoreOptions): SecretStore {
  const know = (secrets: SourceSecrets): SourceSecrets => {
    const { password, pairingKey, httpAuth } = secrets;
    const basic = httpAuth && Buffer.from(`${httpAuth.username}:${httpAuth.password}`).toString('base64');
    redactor.add(password, pairingKey, httpAuth?.password, basic);
    return secrets;
  };
  return {
    async open(secretRef) {
      const sealed = await redis.get(redisKeys.secret(secretRef));
      if (sealed === null) throw new AppError('secret.missing');
      return know(SourceSecrets.parse(sealer.open(sealed, secretRef)));
    },
    async replace(secretRef, secrets) {
      await redis.set(redisKeys.secret(secretRef), sealer.seal(know(secrets), secretRef), 'KEEPTTL', 'XX');
    },
    async forget(secretRef) {
      await redis.unlink(redisKeys.secret(secretRef));
    },
    has: async (secretRef) => (await redis.exists(redisKeys.secret(secretRef))) === 1,
    async keep(secretRef, secrets, untilMs) {
      await redis.set(redisKeys.secret(secretRef), sealer.seal(know(secrets), secretRef), 'PXAT', untilMs);
    },
    async rememberedPairing(site) {
      const digest = pairingDigest(site);
      const sealed = await redis.get(redisKeys.pairing(digest));
      if (sealed === null) return undefined;
      const pairingKey = openPairing(sealer, sealed, digest);
      redactor.add(pairingKey);
      return pairingKey;
    },
    async rememberPairing(site, pairingKey) {
      redactor.add(pairingKey);
      const digest = pairingDigest(site);
      await redis.set(redisKeys.pairing(digest), sealer.seal(pairingKey, pairingContext(digest)), 'PX', PAIRING_TTL_MS);
    },
    async forgetPairing(site) {
      await redis.unlink(redisKeys.pairing(pairingDigest(site)));
    },
    async rememberedTransport(siteUrl) {
      const parsed = z.enum(TRANSPORTS).safeParse(await redis.get(redisKeys.agentTransport(siteDigest(siteUrl))));
      return parsed.success ? parsed.data : undefined;
    },
    async rememberTransport(siteUrl, transport) {
      await redis.set(redisKeys.agentTransport(siteDigest(siteUrl)), transport, 'PX', TRANSPORT_TTL_MS);
    },
  };
}

/** Who proved to be in charge of a site is remembered for them alone: a key opens the site to whoever has it. */
function pairingDigest({ siteUrl, owner }: OwnedSite): string {
  return createHash('sha256')
    .update(`${owner}\n${siteDigest(siteUrl)}`)
    .digest('hex')
    .slice(0, 32);
}

/** One digest for one site, however its address is written: without scheme, in lower-case host, without trailing slash. */
export function siteDigest(siteUrl: string): string {
  const { host, pathname } = new URL(siteUrl);
  return createHash('sha256')
    .update(`${host.toLowerCase()}${pathname.replace(/\/+$/, '')}`)
    .digest('hex')
    .slice(0, 32);
}

function pairingContext(digest: string): string {
  return `pairing:${digest}`;
}

function openPairing(sealer: Sealer, sealed: string, digest: string): string | undefined {
  try {
    return z.string().parse(sealer.open(sealed, pairingContext(digest)));
  } catch {
    return undefined;
  }
}
