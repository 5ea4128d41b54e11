import { readFile } from 'node:fs/promises';
import { inflateRawSync } from 'node:zlib';
import { AppError } from '@wcr/shared/errors/app-error';

/** The plugin's folder and main file, which WordPress names it by. */
export const PLUGIN_SLUG = 'wp-clone-restore';
const MAIN_FILE = `${PLUGIN_SLUG}/${PLUGIN_SLUG}.php`;
/** Far more than the plugin has; what inflates to more is not ours. */
const MAX_ZIP_BYTES = 16 << 20;
const MAX_MAIN_BYTES = 1 << 20;

export type PluginZip = { readonly name: string; readonly version: string; readonly bytes: Buffer };

/**
 * Reads the plugin to upload and the version in its header.
 * @throws AppError `source.plugin_install_failed` when there is none, or it is not our plugin
 */
export async function readPluginZip(path: string | undefined): Promise<PluginZip> {
  if (path === undefined) throw failed('no plugin to upload is configured (WCR_PLUGIN_ZIP)');
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw failed('the plugin’s zip file (WCR_PLUGIN_ZIP) cannot be read', cause);
  }
  const version = versionIn(bytes);
  if (version === undefined) throw failed('the zip file (WCR_PLUGIN_ZIP) is not our plugin');
  return { name: `${PLUGIN_SLUG}.zip`, version, bytes };
}

/** Undefined for what is no zip file, or has no such header: a crafted one names places that it does not have. */
function versionIn(zip: Buffer): string | undefined {
  if (zip.length > MAX_ZIP_BYTES) return undefined;
  try {
    return headerVersion(extract(zip, MAIN_FILE)?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}

function headerVersion(source: string): string | undefined {
  return /^[ \t/*#@]*Version:[ \t]*(\S+)/im.exec(source.slice(0, 8192))?.[1];
}

/** One file out of a zip archive (APPNOTE 6.3, 4.3: end record, central directory, local header). */
function extract(zip: Buffer, wanted: string): Buffer | undefined {
  const end = zip.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0 || end + 22 > zip.length) return undefined;
  let at = zip.readUInt32LE(end + 16);
  for (let left = zip.readUInt16LE(end + 10); left > 0 && at + 46 <= end; left -= 1) {
    const nameLength = zip.readUInt16LE(at + 28);
    const name = zip.toString('utf8', at + 46, at + 46 + nameLength);
    if (name === wanted) return contentOf(zip, at);
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return undefined;
}

function contentOf(zip: Buffer, entry: number): Buffer {
  const local = zip.readUInt32LE(entry + 42);
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const stored = zip.subarray(start, start + zip.readUInt32LE(entry + 20));
  return zip.readUInt16LE(entry + 10) === 0 ? stored : inflateRawSync(stored, { maxOutputLength: MAX_MAIN_BYTES });
}

function failed(reason: string, cause?: unknown): AppError {
  return new AppError('source.plugin_install_failed', { reason }, { cause });
}
