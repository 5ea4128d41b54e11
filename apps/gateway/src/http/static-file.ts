import type { FileHandle } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseRange, type Span } from './parse-range.ts';

const CHUNK_BYTES = 256 * 1024;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.htm': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.xml': 'application/xml; charset=utf-8',
  '.xsl': 'application/xml; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/plain; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.ics': 'text/calendar; charset=utf-8',
  '.vtt': 'text/vtt; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
  '.avif': 'image/avif',
  '.svg': 'image/svg+xml',
  '.ico': 'image/x-icon',
  '.bmp': 'image/bmp',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.heic': 'image/heic',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
  '.ttf': 'font/ttf',
  '.otf': 'font/otf',
  '.eot': 'application/vnd.ms-fontobject',
  '.mp3': 'audio/mpeg',
  '.m4a': 'audio/mp4',
  '.ogg': 'audio/ogg',
  '.wav': 'audio/wav',
  '.flac': 'audio/flac',
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.webm': 'video/webm',
  '.ogv': 'video/ogg',
  '.mov': 'video/quicktime',
  '.pdf': 'application/pdf',
  '.zip': 'application/zip',
  '.gz': 'application/gzip',
  '.doc': 'application/msword',
  '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  '.xlsx': 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  '.pptx': 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
};

type FileFacts = { readonly size: number; readonly etag: string; readonly mtimeMs: number };

/** Answers with a file: conditional requests and single ranges, HEAD, and streams the rest. Closes the file. */
export async function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  found: { readonly file: FileHandle; readonly path: string },
): Promise<void> {
  await using file = found.file;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { Allow: 'GET, HEAD' }).end();
    return;
  }
  const { size, mtimeMs } = await file.stat();
  const etag = `"${size.toString(16)}-${Math.trunc(mtimeMs).toString(16)}"`;
  setFileHeaders(response, found.path, { size, etag, mtimeMs });
  if (isUnchanged(request, etag, mtimeMs)) {
    response.writeHead(304).end();
    return;
  }
  const span = spanFor(request, { size, etag, mtimeMs });
  if (span === 'unsatisfiable') {
    response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  if (span) response.setHeader('Content-Range', `bytes ${span.start}-${span.end}/${size}`);
  const { start, end } = span ?? { start: 0, end: size - 1 };
  response.writeHead(span ? 206 : 200, { 'Content-Length': end - start + 1 });
  if (request.method === 'HEAD' || size === 0) response.end();
  else await pipeline(file.createReadStream({ start, end, autoClose: false, highWaterMark: CHUNK_BYTES }), response);
}

function setFileHeaders(response: ServerResponse, path: string, { etag, mtimeMs }: FileFacts): void {
  response.setHeader('ETag', etag);
  response.setHeader('Last-Modified', new Date(mtimeMs).toUTCString());
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Content-Type', TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream');
}

/** RFC 9110 §13.1: entity tags count before dates. */
function isUnchanged(request: IncomingMessage, etag: string, mtimeMs: number): boolean {
  const { 'if-none-match': tags, 'if-modified-since': since } = request.headers;
  if (tags !== undefined) return tags.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
  return since !== undefined && wholeSeconds(mtimeMs) <= Date.parse(since);
}

function spanFor(request: IncomingMessage, file: FileFacts): Span | 'unsatisfiable' | undefined {
  if (request.method !== 'GET' || !isRangeStillMeant(request.headers['if-range'], file)) return undefined;
  return parseRange(request.headers.range, file.size);
}

/** If-Range: the rest of a file is only of use to who has the beginning of the same file. */
function isRangeStillMeant(condition: string | string[] | undefined, file: FileFacts): boolean {
  if (condition === undefined || condition === file.etag) return true;
  return Date.parse(String(condition)) >= wholeSeconds(file.mtimeMs);
}

function wholeSeconds(timeMs: number): number {
  return Math.trunc(timeMs / 1000) * 1000;
}
