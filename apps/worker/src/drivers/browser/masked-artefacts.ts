import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Page } from 'playwright';

const PATIENCE_MS = 5_000;
const MAX_HTML_LENGTH = 64 * 1024;
const BLACKED_OUT = 'input, textarea, [data-wcr-pairing-key], #wp-admin-bar-my-account, #login_error';

type Artefacts = { readonly dir: string; readonly name: string; readonly secrets: readonly string[] };

/**
 * Keeps what a page looked like when something failed: a screenshot whose fields are covered, and the start of its HTML
 * without values, keys and nonces. Never throws: the failure it documents matters more.
 */
export async function keepArtefacts(page: Page, artefacts: Artefacts): Promise<void> {
  if (page.isClosed()) return;
  try {
    await mkdir(artefacts.dir, { recursive: true, mode: 0o700 });
    const base = join(artefacts.dir, artefacts.name);
    const picture = page.screenshot({ mask: [page.locator(BLACKED_OUT)], timeout: PATIENCE_MS, animations: 'disabled' });
    await writeFile(`${base}.png`, await withinPatience(picture), { mode: 0o600 });
    const html = maskHtml(await withinPatience(page.content()), artefacts.secrets);
    await writeFile(`${base}.html`, html, { mode: 0o600 });
  } catch {
    // A page that hangs or has crashed cannot be kept.
  }
}

/** Some of the browser's answers wait for a page that is still to come, and take no time limit. */
async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  const timer = new AbortController();
  const late = setTimeout(PATIENCE_MS, undefined, { signal: timer.signal }).then(() => {
    throw new Error('too late');
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    timer.abort();
    for (const loser of [answer, late]) loser.catch(() => undefined);
  }
}

/** Removes field values, the given secrets, pairing keys and nonces from a page's source, and cuts it. */
export function maskHtml(html: string, secrets: readonly string[]): string {
  const withoutValues = html
    .replace(/(<(?:input|option|button)\b[^>]*?\svalue=)("[^"]*"|'[^']*'|[^\s>]+)/gi, '$1"***"')
    .replace(/(<textarea\b[^>]*>)[\s\S]*?(<\/textarea>)/gi, '$1***$2')
    .replace(/\b[0-9a-f]{32,}\b/gi, '***')
    .replace(/(nonce(?:=|"\s*:\s*")?["']?)[0-9a-f]{10}\b/gi, '$1***');
  return maskSecrets(withoutValues, secrets).slice(0, MAX_HTML_LENGTH);
}

function maskSecrets(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .filter((secret) => secret !== '')
    .flatMap((secret) => [secret, htmlOf(secret), encodeURIComponent(secret)]);
  return forms.reduce((masked, form) => masked.replaceAll(form, '***'), text);
}

function htmlOf(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
