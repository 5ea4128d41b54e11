import { z } from 'zod';

/** What an agent tells about the site it lives in; the answer to `site.facts`. */
export const SiteFacts = z.object({
  agentVersion: z.string(),
  protocol: z.literal(1),
  standalone: z.boolean(),
  wordpress: z.object({
    /** Empty for a standalone agent with no WordPress around. */
    version: z.string(),
    home: z.string(),
    siteUrl: z.string(),
    multisite: z.boolean(),
    locale: z.string(),
    charset: z.string(),
    permalinkStructure: z.string(),
    activePlugins: z.array(z.string()),
    template: z.string(),
    stylesheet: z.string(),
    /** Simple `define()` statements of wp-config.php that are neither secrets nor addresses, to be carried over. */
    constants: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    /** Names of wp-config.php statements that could not be carried over. */
    constantsSkipped: z.array(z.string()),
    fileModsAllowed: z.boolean(),
  }),
  paths: z.object({
    /** Site root: ABSPATH, with a trailing slash. File paths of the protocol are relative to it. */
    root: z.string(),
    content: z.string(),
    plugins: z.string(),
    muPlugins: z.string(),
    uploads: z.string(),
    /** Folders of the site that live outside the root; a clone refuses them. */
    outsideRoot: z.array(z.string()),
  }),
  php: z.object({
    version: z.string(),
    memoryLimitBytes: z.number(),
    maxExecutionSeconds: z.number(),
    postMaxBytes: z.number(),
    extensions: z.array(z.string()),
    opcache: z.boolean(),
    timezone: z.string(),
  }),
  database: z.object({
    version: z.string(),
    flavour: z.enum(['mysql', 'mariadb']),
    name: z.string(),
    prefix: z.string(),
    charset: z.string(),
    collation: z.string(),
    maxAllowedPacketBytes: z.number(),
    lowerCaseTableNames: z.number(),
    /** Sum of data and index length of the site's own tables. */
    sizeBytes: z.number(),
  }),
  /** Free bytes where the site root lives; null when the host does not tell. */
  diskFreeBytes: z.number().nullable(),
  serverTime: z.number(),
});
export type SiteFacts = z.infer<typeof SiteFacts>;
