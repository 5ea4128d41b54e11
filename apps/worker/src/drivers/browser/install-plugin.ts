import { AppError } from '@wcr/shared/errors/app-error';
import type { Page } from 'playwright';
import type { AdminSession } from './admin-session.ts';
import { type PluginRow, readPluginRow } from './plugin-row.ts';
import { PLUGIN_SLUG, type PluginZip } from './plugin-zip.ts';

const PLUGINS_PAGE = `plugins.php?s=${PLUGIN_SLUG}&plugin_status=all`;

/**
 * Finds our plugin in the list of plugins.
 * @throws AppError `source.not_administrator` when the user may not see that list
 */
export async function findPlugin(session: AdminSession): Promise<PluginRow | undefined> {
  const answer = await session.visit('plugins', PLUGINS_PAGE);
  if (answer.refused) throw new AppError('source.not_administrator');
  return readPluginRow(session.admin.page);
}

/**
 * Uploads the plugin; over an older one if there is one. Whether it worked is read from the list of plugins, not from
 * what the page says.
 * @throws AppError `source.file_mods_disallowed`, `source.plugin_install_failed`
 */
export async function uploadPlugin(session: AdminSession, zip: PluginZip): Promise<PluginRow> {
  const { admin } = session;
  const answer = await session.visit('plugin upload', 'plugin-install.php?tab=upload');
  // Who may see the plugins but not add one is kept from it by the site's configuration.
  if (answer.refused) throw new AppError('source.file_mods_disallowed');
  const form = admin.page.locator('form.wp-upload-form').first();
  if ((await form.count()) === 0) throw failed('the page for uploads shows no form');
  await admin.within('plugin upload', async () => {
    const file = { name: zip.name, mimeType: 'application/zip', buffer: zip.bytes };
    await form.locator('input[type="file"][name="pluginzip"]').setInputFiles(file);
    await Promise.all([
      admin.page.waitForURL(/\/update\.php\?/, { waitUntil: 'domcontentloaded' }),
      form.locator('input[type="submit"], button[type="submit"]').first().dispatchEvent('click'),
    ]);
  });
  const complaint = await complaintOn(admin.page);
  await overwriteOlder(session);
  const row = await findPlugin(session);
  if (row?.version !== zip.version) throw failed(complaint ?? 'it is not among the plugins after the upload');
  return row;
}

/**
 * Activates the plugin.
 * @throws AppError `source.plugin_install_failed` with what WordPress says, `source.not_administrator`
 */
export async function activatePlugin(session: AdminSession, row: PluginRow): Promise<void> {
  if (row.active) return;
  if (row.activateUrl === undefined) throw new AppError('source.not_administrator');
  await session.visit('plugin activation', row.activateUrl);
  const { page } = session.admin;
  const failedVisibly = new URL(page.url()).searchParams.has('error');
  const complaint = failedVisibly ? await textOf(page, '#message.error, #message.notice-error') : await complaintOn(page);
  // The list follows an activation by itself; a plugin may lead elsewhere.
  const listed = (await readPluginRow(page)) ?? (await findPlugin(session));
  if (listed?.active !== true) {
    throw failed(`it does not activate${complaint === undefined ? '' : `: ${complaint}`}`);
  }
}

/** WordPress asks before it replaces a plugin that is there. */
async function overwriteOlder(session: AdminSession): Promise<void> {
  const { page } = session.admin;
  const link = page.locator('a.update-from-upload-overwrite').first();
  if ((await link.count()) === 0) return;
  const href = await link.getAttribute('href');
  if (href !== null) await session.visit('plugin update', new URL(href, page.url()).href);
}

async function complaintOn(page: Page): Promise<string | undefined> {
  if ((await page.locator('#request-filesystem-credentials-form').count()) > 0) {
    return 'the site cannot write its own files and asks for FTP access';
  }
  return (
    (await textOf(page, 'body#error-page .wp-die-message')) ?? (await textOf(page, '#wpbody-content > .wrap > p:last-of-type'))
  );
}

async function textOf(page: Page, selector: string): Promise<string | undefined> {
  const element = page.locator(selector).first();
  if ((await element.count()) === 0) return undefined;
  const text = ((await element.textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
  return text === '' ? undefined : text.slice(0, 200);
}

function failed(reason: string): AppError {
  return new AppError('source.plugin_install_failed', { reason });
}
