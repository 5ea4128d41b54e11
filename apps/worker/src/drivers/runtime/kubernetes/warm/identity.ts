import { CloneId } from '@wcr/shared/domain/clone-id';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { AGENT_WORK } from '../clone-image.ts';

/** The agent's file by which a warm target learns whose clone it is, and where the image keeps it. */
export const IDENTITY = 'identity';
export const IDENTITY_FILE = `${AGENT_WORK}base/${IDENTITY}`;

const ADDRESS = 'https?:\\/\\/(?:[A-Za-z0-9._-]+|\\[[0-9a-f:]+\\])(?::[0-9]+)?(?:\\/[A-Za-z0-9_-]+)*';
const PREFIX = '[A-Za-z0-9_]{0,64}';
/** A whole identity; its groups are the address and the table prefix. PHP reads it by this too, the image's entrypoint by its own. */
export const IDENTITY_PATTERN = `^id=clone-[0-9]{8}-[0-9]{6}-[a-z0-9]{4}\\nurl=(${ADDRESS})\\nprefix=(${PREFIX})\\nend\\n$`;

const Identity = z.object({
  cloneId: CloneId,
  url: z.string().regex(new RegExp(`^${ADDRESS}$`), 'not the address of a clone'),
  tablePrefix: z.string().regex(new RegExp(`^${PREFIX}$`), 'not a table prefix'),
});
export type Identity = z.infer<typeof Identity>;

/**
 * The text of the file. Its last line tells that it was written to its end.
 * @throws AppError `runtime.failed` for what the image would not take
 */
export function renderIdentity(identity: Identity): string {
  const parsed = Identity.safeParse(identity);
  if (!parsed.success) {
    const reason = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
    throw new AppError('runtime.failed', { reason });
  }
  const { cloneId, url, tablePrefix } = parsed.data;
  return `id=${cloneId}\nurl=${url}\nprefix=${tablePrefix}\nend\n`;
}
