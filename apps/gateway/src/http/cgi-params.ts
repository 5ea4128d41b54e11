import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { Clone } from '../clones/clone-store.ts';
import type { Visitor } from './forwarded.ts';

export type ScriptCall = {
  readonly request: IncomingMessage;
  readonly clone: Clone;
  readonly visitor: Visitor;
  /** URL prefix of the clone with both slashes. */
  readonly prefix: string;
  /** Path of the script below the site. */
  readonly script: string;
  readonly pathInfo: string;
  readonly query: string;
  readonly publicUrl: URL;
};

/** The CGI variables (RFC 3875 §4.1) of a script of the clone's site, as Apache would set them for a sub-folder. */
export function siteParams(call: ScriptCall): Record<string, string> {
  const { site } = call.clone.paths;
  const scriptName = asBytes(call.prefix + call.script);
  return {
    ...commonParams(call),
    DOCUMENT_ROOT: asBytes(site),
    SCRIPT_FILENAME: asBytes(join(site, call.script)),
    SCRIPT_NAME: scriptName,
    PHP_SELF: scriptName + asBytes(call.pathInfo),
    // No PATH_TRANSLATED: php-fpm would take it for the script.
    ...(call.pathInfo === '' ? {} : { PATH_INFO: asBytes(call.pathInfo) }),
  };
}

/** The CGI variables of the standalone agent, which lives outside of the site. */
export function agentParams(call: ScriptCall, agentScript: string): Record<string, string> {
  return {
    ...commonParams(call),
    DOCUMENT_ROOT: asBytes(call.clone.paths.site),
    SCRIPT_FILENAME: asBytes(agentScript),
    SCRIPT_NAME: call.prefix + call.script,
    PHP_SELF: call.prefix + call.script,
    WCR_AGENT_CONFIG: asBytes(call.clone.paths.agentConfig),
  };
}

/** Variables are bytes, one a character, as Node gives headers; names of files are UTF-8. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function commonParams(call: ScriptCall): Record<string, string> {
  const { request, clone, visitor, publicUrl } = call;
  return {
    ...headerParams(request),
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_SOFTWARE: 'wcr-gateway',
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    SERVER_NAME: publicUrl.hostname,
    SERVER_PORT: publicUrl.port || (visitor.isHttps ? '443' : '80'),
    REQUEST_METHOD: request.method ?? 'GET',
    REQUEST_URI: request.url ?? '/',
    REQUEST_SCHEME: visitor.isHttps ? 'https' : 'http',
    QUERY_STRING: call.query,
    REMOTE_ADDR: visitor.address,
    REMOTE_PORT: String(visitor.port),
    REDIRECT_STATUS: '200',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    CONTENT_LENGTH: request.headers['content-length'] ?? '',
    ...(visitor.isHttps ? { HTTPS: 'on' } : {}),
    WCR_CLONE_ID: clone.record.id,
    WCR_CLONE_EXPIRES_AT: String(Math.floor(clone.record.expiresAt / 1000)),
  };
}

function headerParams(request: IncomingMessage): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    // `Proxy` would become HTTP_PROXY, which HTTP libraries obey; an underscore could pose as another header's dash.
    if (value === undefined || name === 'proxy' || name.includes('_')) continue;
    if (name === 'content-type' || name === 'content-length') continue;
    params[`HTTP_${name.toUpperCase().replaceAll('-', '_')}`] = Array.isArray(value) ? value.join(', ') : value;
  }
  return params;
}
