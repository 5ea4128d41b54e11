/** Headers that belong to one connection (RFC 9110 §7.6.1), or that would let a clone act for its neighbours. */
const DROPPED = new Set([
  ...['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'te', 'trailer', 'proxy-authenticate'],
  ...['x-robots-tag', 'service-worker-allowed', 'clear-site-data', 'strict-transport-security', 'x-powered-by'],
]);

/**
 * The headers of a clone's answer that may leave. All clones share one host, so cookies are bound to the clone's own
 * prefix: a plugin that sets one for `/` must not reach, or read, another clone.
 */
export function confineHeaders(headers: readonly (readonly [string, string])[], prefix: string): [string, string][] {
  return headers.flatMap(([name, value]): [string, string][] => {
    const key = name.toLowerCase();
    if (DROPPED.has(key)) return [];
    return [[name, key === 'set-cookie' ? confineCookie(value, prefix) : value]];
  });
}

function confineCookie(cookie: string, prefix: string): string {
  const [pair = '', ...attributes] = cookie.split(';');
  const kept: string[] = [];
  let path = prefix;
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.split('=', 2).map((part) => part.trim());
    const key = name.toLowerCase();
    if (key === 'path') path = value.startsWith(prefix) || `${value}/` === prefix ? value : prefix;
    else if (key !== 'domain' && key !== '') kept.push(attribute.trim());
  }
  return [pair, `path=${path}`, ...kept].join('; ');
}
