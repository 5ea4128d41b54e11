import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The first has no user interface to prepare and shows a page in about half the time; the others are what people use. */
const NAMES = ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'];

/** The browser of this machine: WCR_BROWSER_PATH, or a Chromium that is found. Undefined when there is none. */
export function findBrowser(env: Readonly<Record<string, string | undefined>> = process.env): string | undefined {
  if (env['WCR_BROWSER_PATH']) return env['WCR_BROWSER_PATH'];
  const folders = (env['PATH'] ?? '').split(delimiter);
  const inPath = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...inPath, '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'].find((file) => existsSync(file));
}
