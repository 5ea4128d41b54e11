import { type ConfigDefinition, envSchemas } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

/** How the workers reach a browser and what they install with it. */
export const browserConfig = {
  browserPath: {
    env: 'WCR_BROWSER_PATH',
    doc: 'Chromium to start; without it the one Playwright brings along.',
    schema: z.string().optional(),
  },
  browserEndpoint: {
    env: 'WCR_BROWSER_ENDPOINT',
    doc: 'A remote browser instead: ws(s):// for Playwright, http(s):// or cdp+ws(s):// for CDP, firefox+ws(s):// for Playwright’s Firefox (Camoufox).',
    schema: z.string().optional(),
  },
  browserSandbox: {
    env: 'WCR_BROWSER_SANDBOX',
    doc: 'Chromium’s own sandbox; off by default only for root, who cannot have it.',
    schema: envSchemas.flag.optional(),
  },
  browserTimeoutMs: {
    env: 'WCR_BROWSER_TIMEOUT_MS',
    doc: 'Longest wait for one page of wp-admin.',
    schema: envSchemas.count.default(45_000),
  },
  pluginZip: { env: 'WCR_PLUGIN_ZIP', doc: 'The plugin as a zip file, to be uploaded.', schema: z.string().optional() },
  artefactDir: {
    env: 'WCR_ARTEFACT_DIR',
    doc: 'Folder for masked screenshots of failures; none are kept without it.',
    schema: z.string().optional(),
  },
} as const satisfies ConfigDefinition;
