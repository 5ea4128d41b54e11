import { createRoute, z } from '@hono/zod-openapi';
import { KeyLimits, OWNER_SCOPES, SCOPES } from '@wcr/shared/contracts/access';
import { AppError } from '@wcr/shared/errors/app-error';
import { createKey, KEY_NAME, KEY_OWNER, type ListedKey, listKeys, revokeKey } from '../access/stored-keys.ts';
import type { ApiDeps } from '../deps.ts';
import { errorAnswers, jsonAnswer, WITH_BODY } from '../http/answers.ts';
import type { ApiApp } from '../http/api-env.ts';
import { GUARDED, guard, noteRecord } from '../http/guard.ts';
import { viaRedis } from '../queue/redis-client.ts';

// Made anew: the shared schema may exist before zod learns `openapi`.
const Limits = z.strictObject(KeyLimits.shape).openapi('KeyLimits');

const NewApiKey = z
  .strictObject({
    name: z.string().regex(KEY_NAME, 'must be 1 to 64 letters, digits, spaces or . _ @ -'),
    scopes: z
      .array(z.enum(SCOPES))
      .min(1)
      .default([...OWNER_SCOPES])
      .openapi({ description: 'Without it a key may do everything with the things of its owner.' }),
    owner: z
      .string()
      .regex(KEY_OWNER, 'must be the owner of a key')
      .optional()
      .openapi({ description: 'The owner of the key that this one replaces; a new owner without it.' }),
    limits: Limits.default({}),
    expiresAt: z.iso.datetime({ offset: true, message: 'must be a time such as 2030-01-31T12:00:00Z' }).optional(),
  })
  .openapi('NewApiKey', { example: { name: 'shop-ci', scopes: ['clones:read', 'jobs:read'], limits: { maxClones: 5 } } });

const ApiKeyView = z
  .object({
    id: z.string(),
    name: z.string(),
    owner: z.string(),
    scopes: z.array(z.string()),
    limits: Limits,
    from: z
      .enum(['environment', 'command'])
      .openapi({ description: '`environment`: it is in WCR_API_KEYS; `command`: it was made by the command or by this call.' }),
    createdAt: z.string().optional(),
    expiresAt: z.string().optional(),
    lastUsedAt: z.string().optional(),
    lastUsedFrom: z.string().optional(),
  })
  .openapi('ApiKey');

const ApiKeyMade = z
  .object({
    key: z.string().openapi({ description: 'The key itself. It is stored nowhere and cannot be read again.' }),
    details: ApiKeyView,
  })
  .openapi('ApiKeyMade');

const KeyIdParam = z.object({
  keyId: z
    .string()
    .max(64)
    .openapi({ param: { name: 'keyId', in: 'path' }, example: 'key_4f1c2ad09b7e' }),
});

const shared = { tags: ['operations'] };

/** `/api/v1/keys`: the API keys there are, for who may do everything. */
export function addKeyRoutes(app: ApiApp, deps: ApiDeps): void {
  addListAndCreate(app, deps);
  addRevoke(app, deps);
}

function addListAndCreate(app: ApiApp, deps: ApiDeps): void {
  const list = createRoute({
    ...guard(deps, 'listKeys'),
    ...shared,
    method: 'get',
    path: '/api/v1/keys',
    summary: 'Every API key, and when it was used last',
    responses: {
      200: jsonAnswer(z.object({ keys: z.array(ApiKeyView) }).openapi('ApiKeys'), 'The keys.'),
      ...errorAnswers(...GUARDED),
    },
  });
  app.openapi(list, async (context) => {
    const keys = await viaRedis(() => listKeys(deps, deps.config.apiKeys));
    return context.json({ keys: keys.map(viewKey) }, 200);
  });

  const create = createRoute({
    ...guard(deps, 'createKey'),
    ...shared,
    method: 'post',
    path: '/api/v1/keys',
    summary: 'Make an API key',
    request: { body: { required: true, content: { 'application/json': { schema: NewApiKey } } } },
    responses: { 201: jsonAnswer(ApiKeyMade, 'The key, this once.'), ...errorAnswers(...GUARDED, ...WITH_BODY) },
  });
  app.openapi(create, async (context) => {
    const { expiresAt, ...wanted } = context.req.valid('json');
    const expiry = expiresAt === undefined ? {} : { expiresAt: expiryOf(expiresAt, deps.now()) };
    const { key, stored } = await viaRedis(() => createKey(unaudited(deps), { ...wanted, ...expiry }));
    noteRecord(context, stored.id);
    return context.json({ key, details: viewKey({ ...stored, from: 'command' }) }, 201);
  });
}

function addRevoke(app: ApiApp, deps: ApiDeps): void {
  const route = createRoute({
    ...guard(deps, 'revokeKey'),
    ...shared,
    method: 'delete',
    path: '/api/v1/keys/{keyId}',
    summary: 'End an API key',
    description: 'It is refused from the next request on. What its owner has made stays.',
    request: { params: KeyIdParam },
    responses: { 204: { description: 'It has ended.' }, ...errorAnswers(...GUARDED, 'key.not_found', 'key.from_environment') },
  });
  app.openapi(route, async (context) => {
    const { keyId } = context.req.valid('param');
    if (deps.config.apiKeys.some(({ name }) => name === keyId)) throw new AppError('key.from_environment', { keyId });
    if (!(await viaRedis(() => revokeKey(unaudited(deps), keyId)))) throw new AppError('key.not_found', { keyId });
    return context.body(null, 204);
  });
}

/** The audit log is written by the guard of these calls, which knows who calls. */
function unaudited({ redis, now, config }: ApiDeps) {
  return { redis, now, auditEntries: config.auditEntries, host: undefined };
}

function expiryOf(text: string, now: number): number {
  const expiresAt = Date.parse(text);
  if (expiresAt <= now) throw new AppError('request.invalid', { reason: 'expiresAt: must be in the future' });
  return expiresAt;
}

function viewKey({ createdAt, expiresAt, lastUsedAt, ...key }: ListedKey): z.infer<typeof ApiKeyView> {
  return {
    ...key,
    // A key of the environment has been there always.
    createdAt: isoOf(createdAt || undefined),
    expiresAt: isoOf(expiresAt),
    lastUsedAt: isoOf(lastUsedAt),
  };
}

function isoOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}
