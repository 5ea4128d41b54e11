import type { IncomingMessage } from 'node:http';
import { loadYaml } from '@kubernetes/client-node';
import { badRequest, StatusError, unsupportedMediaType } from './status-error.ts';

const MAX_BYTES = 3 * 1024 * 1024;

/** A request's body and how it is meant; `value` is undefined if there is none. */
export type Body = { readonly mediaType: string; readonly value: unknown };

/** @throws StatusError 400, 413 or 415 */
export async function readRequestBody(request: IncomingMessage): Promise<Body> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes <= MAX_BYTES) chunks.push(chunk);
  }
  if (sizeBytes > MAX_BYTES) {
    throw new StatusError(413, 'RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BYTES}`);
  }
  const mediaType = (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim() ?? '';
  const text = Buffer.concat(chunks).toString();
  return { mediaType, value: text.trim() === '' ? undefined : parse(text, mediaType) };
}

function parse(text: string, mediaType: string): unknown {
  if (!/json|yaml/.test(mediaType)) throw unsupportedMediaType(['application/json', 'application/yaml']);
  try {
    return JSON.parse(text);
  } catch {
    if (!mediaType.includes('yaml')) throw badRequest('the object provided is unrecognized: invalid JSON');
  }
  try {
    return loadYaml(text);
  } catch {
    throw badRequest('the object provided is unrecognized: invalid YAML');
  }
}
