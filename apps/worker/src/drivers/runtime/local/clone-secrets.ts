import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { CloneCredentials } from '@wcr/shared/contracts/clone-record';
import type { LocalClonePaths } from '@wcr/shared/contracts/local-clone';
import { isAppError } from '@wcr/shared/errors/app-error';
import type { Sealer } from '@wcr/shared/secrets/seal';
import { z } from 'zod';
import { createFileAtomically, hasCode, writeFileAtomically } from './write-file.ts';

/** What only the clone and its workers may know. */
export const CloneSecrets = z.object({
  databasePassword: z.string(),
  pairingKey: z.string().regex(/^[0-9a-f]{64}$/),
  credentials: CloneCredentials,
});
export type CloneSecrets = z.infer<typeof CloneSecrets>;

const SecretsFile = z.object({ format: z.literal(1), sealed: z.string() });

/**
 * Answers the secrets of a clone's folder, undefined when it has none yet.
 * @throws AppError `secret.unreadable` when they were sealed under another key.
 */
export async function readSecrets(paths: LocalClonePaths, cloneId: string, sealer: Sealer): Promise<CloneSecrets | undefined> {
  const sealed = await readSealed(paths);
  return sealed === undefined ? undefined : CloneSecrets.parse(sealer.open(sealed, contextOf(cloneId)));
}

async function readSealed(paths: LocalClonePaths): Promise<string | undefined> {
  try {
    return SecretsFile.parse(JSON.parse(await readFile(paths.secrets, 'utf8'))).sealed;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

function renderFile(sealed: string): string {
  return `${JSON.stringify({ format: 1, sealed })}\n`;
}

/** Seals them anew when they are under another key than new ones would be; undefined when they are not. */
export async function resealSecrets(
  paths: LocalClonePaths,
  cloneId: string,
  sealer: Sealer,
): Promise<'resealed' | 'unreadable' | undefined> {
  const sealed = await readSealed(paths);
  if (sealed === undefined || !sealer.isOutdated(sealed)) return undefined;
  try {
    const again = sealer.seal(sealer.open(sealed, contextOf(cloneId)), contextOf(cloneId));
    await writeFileAtomically(paths.secrets, renderFile(again), { mode: 0o600 });
    return 'resealed';
  } catch (error) {
    if (isAppError(error)) return 'unreadable';
    throw error;
  }
}

/** Answers the secrets of a clone; the first call makes them up, all others get the same. */
export async function ensureSecrets(
  paths: LocalClonePaths,
  clone: { id: string; url: string },
  sealer: Sealer,
): Promise<CloneSecrets> {
  const known = await readSecrets(paths, clone.id, sealer);
  if (known) return known;
  const secrets: CloneSecrets = {
    databasePassword: randomBytes(24).toString('base64url'),
    pairingKey: randomBytes(32).toString('hex'),
    credentials: {
      username: `clone-admin-${randomBytes(3).toString('hex')}`,
      password: randomBytes(18).toString('base64url'),
      loginUrl: `${clone.url}/wp-login.php`,
      loginSecret: randomBytes(32).toString('hex'),
    },
  };
  const file = renderFile(sealer.seal(secrets, contextOf(clone.id)));
  const isOurs = await createFileAtomically(paths.secrets, file, { mode: 0o600 });
  return isOurs ? secrets : await ensureSecrets(paths, clone, sealer);
}

/** Sealed values only open for the clone they were made for. */
function contextOf(cloneId: string): string {
  return `local:${cloneId}`;
}
