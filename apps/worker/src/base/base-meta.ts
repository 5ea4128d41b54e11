import { ColumnSchema, type TableSchema } from '@wcr/shared/contracts/agent-schema';
import { AppError } from '@wcr/shared/errors/app-error';
import { z } from 'zod';
import { type BaseStore, readWhole } from '../drivers/agent/base-store.ts';

const META = 'meta';

/** What a clone was made of. Written last: without it there is no base. */
export const BaseMeta = z.object({
  version: z.literal(1),
  /** Address and root folder of the source, without trailing slashes. */
  home: z.string(),
  root: z.string(),
  prefix: z.string(),
  wordpressVersion: z.string(),
  /** The clone's own administrator, who never travels. */
  adminId: z.number(),
  activePlugins: z.array(z.string()),
  /** Structure of the tables that were copied. `exact` is false where the clone's server changed values: nothing is known of such rows. */
  tables: z.array(
    z.object({ name: z.string(), columns: z.array(ColumnSchema), key: z.array(z.string()).nullable(), exact: z.boolean() }),
  ),
});
export type BaseMeta = z.infer<typeof BaseMeta>;
export type BaseTable = BaseMeta['tables'][number];

export function baseTableOf({ name, columns, key }: TableSchema, exact: boolean): BaseTable {
  return { name, columns, key, exact };
}

export async function writeBaseMeta(store: BaseStore, meta: BaseMeta): Promise<void> {
  await store.write({ name: META, offset: 0, data: Buffer.from(JSON.stringify(meta)) });
}

/** @returns undefined when the clone has no base, or one of another version. @throws AppError `agent.malformed` */
export async function readBaseMeta(store: BaseStore): Promise<BaseMeta | undefined> {
  const data = await readWhole(store, META);
  if (data === undefined) return undefined;
  try {
    const meta: unknown = JSON.parse(data.toString('utf8'));
    const { version } = z.object({ version: z.number() }).parse(meta);
    return version === 1 ? BaseMeta.parse(meta) : undefined;
  } catch (cause) {
    throw new AppError('agent.malformed', { reason: 'the clone’s base is damaged' }, { cause });
  }
}
