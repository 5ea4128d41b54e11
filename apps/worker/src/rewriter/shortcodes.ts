import { type Edit, spliceText } from './edit.ts';

/**
 * Shortcodes whose content is base64 of percent-encoded HTML (WPBakery's raw blocks). Base64 anywhere else is left
 * alone: it is more often a key, an image or a signature than text.
 */
const BASE64_SHORTCODES: readonly string[] = ['vc_raw_html', 'vc_raw_js'];

const tags = BASE64_SHORTCODES.join('|');
/** Finds the opening tags; its source is part of the prefilter, since nothing in base64 looks like a host. */
export const SHORTCODE_PATTERN = String.raw`\[(?:${tags})\b`;
const OPENING = new RegExp(String.raw`${SHORTCODE_PATTERN}[^\][]{0,4000}\]\s*([A-Za-z0-9+/\\=]+)\s*(?=\[)`, 'g');

/** Finds the edits in decoded text. */
export type FindEdits = (text: string) => readonly Edit[];

/** Replaces within the base64 content of known shortcodes. Content that would not encode to the same bytes again is left. */
export function findShortcodeEdits(text: string, findEdits: FindEdits): Edit[] {
  const edits: Edit[] = [];
  for (const match of text.matchAll(OPENING)) {
    const content = match[1] as string;
    const replaced = rewriteBase64(content, findEdits);
    if (!replaced) continue;
    const start = match.index + match[0].lastIndexOf(content);
    edits.push({ start, end: start + content.length, ...replaced });
  }
  return edits;
}

function rewriteBase64(content: string, findEdits: FindEdits): { text: string; hits: number } | undefined {
  const slash = /\\+\//.exec(content)?.[0] ?? '/';
  const base64 = content.replaceAll(slash, '/');
  const decoded = Buffer.from(base64, 'base64').toString('latin1');
  if (encode(decoded) !== base64) return undefined;
  const edits = findEdits(decoded);
  if (edits.length === 0) return undefined;
  const text = encode(spliceText(decoded, edits)).replaceAll('/', slash);
  return { text, hits: edits.reduce((sum, edit) => sum + edit.hits, 0) };
}

function encode(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}
