import { resolve } from 'node:path';
import { type Config, type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

/** What the local runtime must be told; `WCR_CLONES_URL` comes from the common configuration. */
export const localRuntimeConfig = {
  localDir: {
    env: 'WCR_LOCAL_DIR',
    doc: 'Folder of the clones; the local runtime needs it. Run as root, every user must be able to pass through it.',
    schema: z
      .string()
      .transform((path) => resolve(path))
      .optional(),
  },
  gatewayUrl: {
    env: 'WCR_GATEWAY_URL',
    doc: 'Address at which workers reach the gateway.',
    schema: z.url().default('http://127.0.0.1:8090'),
  },
  databaseUrl: {
    env: 'WCR_DATABASE_URL',
    doc: 'Account that may create databases and users of clones, e.g. mysql://root:secret@127.0.0.1:3306.',
    schema: z.url().optional(),
  },
  databaseSocket: {
    env: 'WCR_DATABASE_SOCKET',
    doc: 'Unix socket over which clones reach the same database server; without it they use its address.',
    schema: z.string().optional(),
  },
  firstUid: {
    env: 'WCR_CLONE_FIRST_UID',
    doc: 'First of the user ids clones get when the worker is root; no account may use them.',
    schema: envSchemas.count.default(700_000),
  },
  uidCount: {
    env: 'WCR_CLONE_UID_COUNT',
    doc: 'How many user ids there are for clones, and so the most clones at a time.',
    schema: envSchemas.count.default(100_000),
  },
} as const satisfies ConfigDefinition;

export type LocalRuntimeConfig = Config<typeof localRuntimeConfig>;
