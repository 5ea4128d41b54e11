import { describe, expect, it } from 'vitest';
import { createRewriter } from './rewriter.ts';

const SITE = 'https://gazette.example';
const CLONE = 'http://127.0.0.1:8081/clone-7';
const { rewrite, mayContain } = createRewriter({ urls: [{ from: SITE, to: CLONE }], paths: [] });

type Case = readonly [name: string, before: string, after: string];

function php(text: string): string {
  return `s:${Buffer.byteLength(text)}:"${text}";`;
}

function base64(text: string): string {
  return Buffer.from(encodeURIComponent(text)).toString('base64');
}

function check([, before, after]: Case): void {
  const bytes = Buffer.from(before);
  const result = rewrite(bytes);
  expect(result.bytes.toString()).toBe(after);
  if (before === after) expect(result).toEqual({ bytes, replacements: 0 });
  else expect(mayContain(bytes)).toBe(true);
}

const plain: readonly Case[] = [
  ['an address in HTML', `<a href="${SITE}/about/">About</a>`, `<a href="${CLONE}/about/">About</a>`],
  ['the origin with and without slash', `${SITE} ${SITE}/`, `${CLONE} ${CLONE}/`],
  ['punctuation behind an address', `(${SITE}), <${SITE}>; ${SITE}. ${SITE}!`, `(${CLONE}), <${CLONE}>; ${CLONE}. ${CLONE}!`],
  ['an ellipsis and a colon of prose', `${SITE}... ${SITE}: here`, `${CLONE}... ${CLONE}: here`],
  ['query and fragment', `${SITE}?p=1&q ${SITE}#top`, `${CLONE}?p=1&q ${CLONE}#top`],
  ['srcset', `${SITE}/a.jpg 1x,${SITE}/b.jpg 2x`, `${CLONE}/a.jpg 1x,${CLONE}/b.jpg 2x`],
  ['CSS', `url(${SITE}/x.png) url(//gazette.example/y.png)`, `url(${CLONE}/x.png) url(//127.0.0.1:8081/clone-7/y.png)`],
  ['a sprintf template', `${SITE}%s ${SITE}/%1$s`, `${CLONE}%s ${CLONE}/%1$s`],
  ['text in a script without spaces', `${SITE}をご覧ください`, `${CLONE}をご覧ください`],
  ['a protocol-relative address', '<img src="//gazette.example/i.png">', '<img src="//127.0.0.1:8081/clone-7/i.png">'],
  ['the other scheme', 'http://gazette.example/x', `${CLONE}/x`],
  ['explicit default ports', 'http://gazette.example:80/x https://gazette.example:443', `${CLONE}/x ${CLONE}`],
  ['upper case in scheme and host only', 'HTTPS://Gazette.EXAMPLE/Some/Path', `${CLONE}/Some/Path`],
  ['an address right behind an escaped newline', String.raw`\nhttps://gazette.example/`, String.raw`\n${CLONE}/`],
];

const encoded: readonly Case[] = [
  [
    'JSON with escaped slashes',
    String.raw`{"u":"https:\/\/gazette.example\/a"}`,
    String.raw`{"u":"http:\/\/127.0.0.1:8081\/clone-7\/a"}`,
  ],
  [
    'JSON in JSON',
    String.raw`{"j":"{\"u\":\"https:\\\/\\\/gazette.example\\\/a\"}"}`,
    String.raw`{"j":"{\"u\":\"http:\\\/\\\/127.0.0.1:8081\\\/clone-7\\\/a\"}"}`,
  ],
  [
    'other members of JSON stay byte for byte',
    String.raw`{ "a":{}, "b":[], "c":1.0, "d":12345678901234567890, "e":"\u00e9", "u":"https://gazette.example" }`,
    String.raw`{ "a":{}, "b":[], "c":1.0, "d":12345678901234567890, "e":"\u00e9", "u":"${CLONE}" }`,
  ],
  [
    'block attributes with unicode escapes',
    String.raw`<!-- wp:embed {"url":"https://gazette.example/?a=1\u0026b=2","c":"\u003ca href=\u0022//gazette.example\u0022\u003e \u002d\u002d"} /-->`,
    String.raw`<!-- wp:embed {"url":"${CLONE}/?a=1\u0026b=2","c":"\u003ca href=\u0022//127.0.0.1:8081/clone-7\u0022\u003e \u002d\u002d"} /-->`,
  ],
  [
    'escaped slashes as unicode',
    String.raw`https:\u002f\u002fgazette.example\u002Fx`,
    String.raw`http:\u002f\u002f127.0.0.1:8081\u002fclone-7\u002Fx`,
  ],
  ['percent encoding in upper case', 'u=https%3A%2F%2Fgazette.example%2Fa', 'u=http%3A%2F%2F127.0.0.1%3A8081%2Fclone-7%2Fa'],
  ['percent encoding in lower case', 'u=https%3a%2f%2fgazette.example%2fa', 'u=http%3a%2f%2f127.0.0.1%3a8081%2fclone-7%2fa'],
  ['percent encoding in mixed case', 'https%3a%2F%2fgazette.example', 'http%3a%2F%2f127.0.0.1%3a8081%2fclone-7'],
  [
    'double percent encoding',
    'https%253A%252F%252Fgazette.example%252Fa',
    'http%253A%252F%252F127.0.0.1%253A8081%252Fclone-7%252Fa',
  ],
  ['a percent-encoded protocol-relative address', 'u=%2F%2Fgazette.example%2F', 'u=%2F%2F127.0.0.1%3A8081%2Fclone-7%2F'],
  ['percent-encoded JSON', '%22https%3A%5C%2F%5C%2Fgazette.example%22', '%22http%3A%5C%2F%5C%2F127.0.0.1%3A8081%5C%2Fclone-7%22'],
  ['hexadecimal entities', 'https:&#x2F;&#x2F;gazette.example&#x2F;a', 'http:&#x2F;&#x2F;127.0.0.1:8081&#x2F;clone-7&#x2F;a'],
  ['decimal entities', '&#47;&#47;gazette.example', '&#47;&#47;127.0.0.1&#58;8081&#47;clone-7'],
  ['named entities', 'https&colon;&sol;&sol;gazette.example', 'http&colon;&sol;&sol;127.0.0.1&colon;8081&sol;clone-7'],
  ['entities behind an address', `${SITE}&amp;x &quot;${SITE}&quot;`, `${CLONE}&amp;x &quot;${CLONE}&quot;`],
  [
    'base64 in raw HTML of WPBakery',
    `[vc_row][vc_raw_html el_class="x"]${base64(`<a href="${SITE}/?ü">`)}[/vc_raw_html][/vc_row]`,
    `[vc_row][vc_raw_html el_class="x"]${base64(`<a href="${CLONE}/?ü">`)}[/vc_raw_html][/vc_row]`,
  ],
  ['base64 in raw scripts', `[vc_raw_js]${base64(SITE)}[/vc_raw_js]`, `[vc_raw_js]${base64(CLONE)}[/vc_raw_js]`],
  [
    'base64 within serialized data',
    php(`[vc_raw_js]${base64(SITE)}[/vc_raw_js]`),
    php(`[vc_raw_js]${base64(CLONE)}[/vc_raw_js]`),
  ],
];

const serialized: readonly Case[] = [
  ['a length that gains a digit', php(`${SITE} ${'x'.repeat(70)}`), php(`${CLONE} ${'x'.repeat(70)}`)],
  ['three levels', php(php(php(`${SITE}/a`))), php(php(php(`${CLONE}/a`)))],
  ['multi-byte text counts bytes', php(`Grüße aus 東京: ${SITE} 🎉`), php(`Grüße aus 東京: ${CLONE} 🎉`)],
  [
    'stdClass',
    `O:8:"stdClass":2:{s:3:"url";${php(SITE)}s:2:"id";i:3;}`,
    `O:8:"stdClass":2:{s:3:"url";${php(CLONE)}s:2:"id";i:3;}`,
  ],
  [
    'private and protected members of an unknown class',
    `O:9:"Acme\\Menu":2:{s:12:"\0Acme\\Menu\0u";${php(SITE)}s:4:"\0*\0v";${php(`${SITE}/`)}}`,
    `O:9:"Acme\\Menu":2:{s:12:"\0Acme\\Menu\0u";${php(CLONE)}s:4:"\0*\0v";${php(`${CLONE}/`)}}`,
  ],
  [
    'references',
    `a:4:{i:0;${php(SITE)}i:1;R:2;i:2;O:8:"stdClass":0:{}i:3;r:3;}`,
    `a:4:{i:0;${php(CLONE)}i:1;R:2;i:2;O:8:"stdClass":0:{}i:3;r:3;}`,
  ],
  [
    'the payload of C:',
    `C:11:"ArrayObject":${`x:i:0;a:1:{i:0;${php(SITE)}};m:a:0:{}`.length}:{x:i:0;a:1:{i:0;${php(SITE)}};m:a:0:{}}`,
    `C:11:"ArrayObject":${`x:i:0;a:1:{i:0;${php(CLONE)}};m:a:0:{}`.length}:{x:i:0;a:1:{i:0;${php(CLONE)}};m:a:0:{}}`,
  ],
  [
    'C: with a format of its own',
    `C:4:"Acme":${`<${SITE}>`.length}:{<${SITE}>}`,
    `C:4:"Acme":${`<${CLONE}>`.length}:{<${CLONE}>}`,
  ],
  [
    'unrelated bytes, also invalid ones of other types',
    `a:5:{i:0;d:0.10000000000000001;i:1;d:-INF;i:2;b:1;i:3;E:11:"Suit:Hearts";i:4;${php(SITE)}}`,
    `a:5:{i:0;d:0.10000000000000001;i:1;d:-INF;i:2;b:1;i:3;E:11:"Suit:Hearts";i:4;${php(CLONE)}}`,
  ],
  ['white space around', ` ${php(SITE)}\n`, ` ${php(CLONE)}\n`],
  ['keys stay', `a:1:{${php(SITE)}i:1;}`, `a:1:{${php(SITE)}i:1;}`],
  ['a wrong length makes it plain text', `a:1:{i:0;s:99:"${SITE}";}`, `a:1:{i:0;s:99:"${CLONE}";}`],
  ['a missing end makes it plain text', `a:2:{i:0;s:23:"${SITE}";`, `a:2:{i:0;s:23:"${CLONE}";`],
  ['quotes in strings do not end them', php(`";s:1:"a";${SITE}";}`), php(`";s:1:"a";${CLONE}";}`)],
  [
    'JSON within',
    php(String.raw`{"u":"https:\/\/gazette.example\/"}`),
    php(String.raw`{"u":"http:\/\/127.0.0.1:8081\/clone-7\/"}`),
  ],
];

const inner = (address: string): string => `a:2:{s:1:"a";${php(`${address}/é`)}s:1:"b";${php(php(address))}}`;
const json = (value: unknown): string => JSON.stringify(value).replaceAll('/', '\\/');
const both = (name: string, build: (address: string) => string): Case => [name, build(SITE), build(CLONE)];

const nested: readonly Case[] = [
  both('serialized in JSON', (address) => json({ meta: inner(address), more: `${address}/x` })),
  both('serialized in JSON with plain slashes', (address) => JSON.stringify({ meta: inner(address) })),
  both('serialized in JSON with unicode escapes', (address) => json({ meta: inner(address) }).replaceAll('é', '\\u00e9')),
  both('serialized in JSON in JSON', (address) => json({ a: json({ b: inner(address) }) })),
  both('serialized in JSON in serialized', (address) => php(json({ a: inner(address) }))),
  both('serialized in JSON in serialized in JSON', (address) => json([php(json([inner(address)]))])),
  both('serialized in a block attribute', (address) => {
    return `<!-- wp:acme/x ${JSON.stringify({ d: inner(address) }).replaceAll('\\"', '\\u0022')} /-->`;
  }),
  both('serialized in percent encoding', (address) => `d=${encodeURIComponent(inner(address))}&e=1`),
  both('serialized in double percent encoding', (address) => `?d=${encodeURIComponent(encodeURIComponent(inner(address)))}`),
  both('serialized in an attribute', (address) => `<input value="${inner(address).replaceAll('"', '&quot;')}">`),
  both('serialized in JSON in an attribute', (address) => {
    return `<div data-x="${json({ d: inner(address) }).replaceAll('"', '&quot;')}" class="y">`;
  }),
  both('serialized in percent-encoded JSON', (address) => `d=${encodeURIComponent(json({ d: inner(address) }))}`),
  both('percent-encoded serialized in serialized in JSON', (address) => json([php(encodeURIComponent(inner(address)))])),
];

const untouched: readonly string[] = [
  'gazette.example and www.gazette.example/x',
  'editor@gazette.example mailto:editor@gazette.example',
  'https://gazette.example:8443/ //gazette.example:81 http://gazette.example:443 https%3A%2F%2Fgazette.example%3A8443',
  'https://gazette.example.org/ https://gazette.examples https://gazette.example-shop.com https://gazette.example_x',
  'https://gazette.example%2Eorg https://gazette.example&#46;org',
  'https://my.gazette.example/ //static.gazette.example/ https://mygazette.example',
  'https://user@gazette.example/ https://user:pass@gazette.example https://gazette.example@evil.example',
  'https://gazette.example:secret@evil.example',
  'ftp://gazette.example/ ssh://gazette.example sftp%3A%2F%2Fgazette.example',
  'https://proxy.example//gazette.example/ /cache//gazette.example/index.html',
  'https:/gazette.example https:///gazette.example',
];

describe('an address is replaced in', () => {
  it.each(plain)('%s', (...args) => check(args));
  it.each(encoded)('%s', (...args) => check(args));
});

describe('serialized data keeps its shape:', () => {
  it.each(serialized)('%s', (...args) => check(args));
  it.each(nested)('%s', (...args) => check(args));
});

describe('what is not the site stays:', () => {
  it.each(untouched)('%s', (text) => check(['', text, text]));
});
