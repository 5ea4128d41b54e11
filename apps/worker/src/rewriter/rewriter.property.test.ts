import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRewriter } from './rewriter.ts';

/**
 * Round trips hold when the bytes hold neither the new addresses nor the new paths, and spell the old ones as the map
 * does: its scheme (or none), its case, no default port written out, the separators of one address alike. No length may
 * be wrong for the old address and right for the new one: here the new ones are longer than any length among the fragments.
 */
const SITE = { origin: 'https://gazette.example', disk: '/srv/www/gazette' };
const CLONE = { origin: 'http://127.0.0.1:8081/clone-7', disk: '/srv/clones/clone-7/site' };
const rewriter = createRewriter({
  urls: [{ from: SITE.origin, to: CLONE.origin }],
  paths: [{ from: SITE.disk, to: CLONE.disk }],
});
const back = createRewriter(rewriter.inverse);

type Place = typeof SITE;
/** A document as a function of where its site is: what it gives for the clone is what the rewriter must make of it. */
type Build = (place: Place) => string;

const RUNS = { numRuns: 400 };

function php(text: string): string {
  return `s:${Buffer.byteLength(text)}:"${text}";`;
}

function percent(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function entities(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function base64(text: string): string {
  return Buffer.from(percent(text)).toString('base64');
}

const words = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 12 }),
  fc.constantFrom('gazette.example', 'me@gazette.example', '//x.gazette.example/', `${SITE.origin}.org`, `${SITE.origin}:8443/`),
  fc.constantFrom('\\', '"', '\n', 'a:1:{', 's:3:"', '%41', '&amp;', '<!-- ', '/srv/www/gazettes', '🎉'),
);
const openers = fc.constantFrom(' ', '"', '(', '=', '\n', '>', ', ', "'");
const closers = fc.constantFrom(' ', '"', '/', '/a/b.jpg', '?x=1&y', '#z', ')', '. ', ', ', '<', '|', '\n', '/ü/');
const address: fc.Arbitrary<Build> = fc.constantFrom<Build[]>(
  ({ origin }) => origin,
  ({ origin }) => origin,
  ({ origin }) => origin.replace(/^https?:/, ''),
  ({ disk }) => disk,
);

const text: fc.Arbitrary<Build> = fc
  .array(fc.tuple(words, openers, address, closers, words), { minLength: 1, maxLength: 3 })
  .map((parts) => (place) => parts.map(([a, open, at, close, b]) => a + open + at(place) + close + b).join(' '));

const shortcode: fc.Arbitrary<Build> = text.map(
  (build) => (place) => `[vc_row][vc_raw_html]${base64(build(place))}[/vc_raw_html]`,
);

function serializedOf(inner: fc.Arbitrary<Build>): fc.Arbitrary<Build> {
  const values = fc.array(inner, { minLength: 1, maxLength: 3 });
  const items = (builds: Build[], place: Place): string => builds.map((build, i) => `i:${i};${php(build(place))}`).join('');
  return fc.oneof(
    inner.map(
      (build): Build =>
        (place) =>
          php(build(place)),
    ),
    values.map(
      (builds): Build =>
        (place) =>
          `a:${builds.length + 1}:{${items(builds, place)}s:1:"n";N;}`,
    ),
    inner.map(
      (build): Build =>
        (place) =>
          `O:3:"A\\B":2:{s:4:"\0*\0p";d:0.1;s:1:"q";${php(build(place))}}`,
    ),
    inner.map(
      (build): Build =>
        (place) => {
          const payload = `x:i:0;a:1:{i:0;${php(build(place))}};m:a:0:{}`;
          return `C:11:"ArrayObject":${Buffer.byteLength(payload)}:{${payload}}`;
        },
    ),
  );
}

function jsonOf(inner: fc.Arbitrary<Build>): fc.Arbitrary<Build> {
  return fc.record({ builds: fc.array(inner, { minLength: 1, maxLength: 3 }), plain: fc.boolean() }).map(
    ({ builds, plain }): Build =>
      (place) => {
        const json = JSON.stringify({ empty: {}, list: builds.map((build) => build(place)), n: 1.5 });
        return plain ? json : json.replaceAll('/', '\\/');
      },
  );
}

function percentOf(inner: fc.Arbitrary<Build>): fc.Arbitrary<Build> {
  return inner.map((build) => (place) => `?u=${percent(build(place))}&v=1`);
}

function attributeOf(inner: fc.Arbitrary<Build>): fc.Arbitrary<Build> {
  return inner.map((build) => (place) => `<p title="a">x</p><i data-x="${entities(build(place))}">`);
}

type Nesting = Record<'anywhere' | 'inJson' | 'inPercent' | 'inBoth', Build>;

/**
 * Two nestings are beyond what is opened, and so not generated: attributes within JSON (their quotes may be escaped
 * twice) and shortcodes within percent encoding.
 */
const { anywhere: document } = fc.letrec<Nesting>((tie) => {
  const nested = (here: keyof Nesting, json: keyof Nesting, percent: keyof Nesting): fc.Arbitrary<Build>[] => [
    text,
    serializedOf(tie(here)),
    jsonOf(tie(json)),
    percentOf(fc.oneof(text, serializedOf(tie(percent)))),
  ];
  const attribute = (here: keyof Nesting, json: keyof Nesting): fc.Arbitrary<Build> =>
    attributeOf(fc.oneof(serializedOf(tie(here)), jsonOf(tie(json))));
  const depth = { depthSize: 'small', maxDepth: 6, withCrossShrink: true } as const;
  return {
    anywhere: fc.oneof(depth, ...nested('anywhere', 'inJson', 'inPercent'), shortcode, attribute('anywhere', 'inJson')),
    inJson: fc.oneof(depth, ...nested('inJson', 'inJson', 'inBoth'), shortcode),
    inPercent: fc.oneof(depth, ...nested('inPercent', 'inBoth', 'inPercent'), attribute('inPercent', 'inBoth')),
    inBoth: fc.oneof(depth, ...nested('inBoth', 'inBoth', 'inBoth')),
  };
});

describe('for documents nested in all encodings', () => {
  it('the rewrite is the document as its author would have written it at the new address', () => {
    fc.assert(
      fc.property(document, (build) => {
        expect(rewriter.rewrite(Buffer.from(build(SITE))).bytes.toString()).toBe(build(CLONE));
      }),
      RUNS,
    );
  });

  it('the inverse gives back every byte', () => {
    fc.assert(
      fc.property(document, (build) => {
        const before = Buffer.from(build(SITE));
        expect(back.rewrite(rewriter.rewrite(before).bytes).bytes).toEqual(before);
      }),
      RUNS,
    );
  });
});

const fragments = fc.constantFrom(
  ...['https://', '//', 'gazette.example', SITE.origin, '//gazette.example', SITE.disk, '.', ':', '@', '-', '/', 'x', '8'],
  ...['\\/\\/gazette.example', 'https:\\/\\/gazette.example', 'https%3A%2F%2Fgazette.example', '%2f%2Fgazette.example'],
  ...['&#x2F;&#x2F;gazette.example', 'https:\\u002f\\u002fgazette.example', '%255C%252F%255C%252Fgazette.example'],
  ...['\\/srv\\/www\\/gazette', '%2Fsrv%2Fwww%2Fgazette', '\\', '"', '\\"', '\\u0022', '%22', '&quot;', '%', '&', ' '],
  ...['s:23:"', 's:17:"', '";', 'a:1:{i:0;', '}', 's%3A23%3A%22', 's:23:&quot;', '&quot;;', '%22%3B', 's:23:\\"', '\\";', '+'],
  ...['[vc_raw_html]', '[/vc_raw_html]', Buffer.from('https%3A%2F%2Fgazette.example%2F').toString('base64'), '<', '>', "'"],
);
const bytes = fc
  .array(
    fc.oneof({ weight: 6, arbitrary: fragments.map(Buffer.from) }, { weight: 1, arbitrary: fc.uint8Array({ maxLength: 3 }) }),
    {
      maxLength: 24,
    },
  )
  .map((parts) => Buffer.concat(parts));

describe('for any bytes', () => {
  it('the inverse gives back every byte', () => {
    fc.assert(
      fc.property(bytes, (before) => {
        expect(back.rewrite(rewriter.rewrite(before).bytes).bytes.toString('latin1')).toBe(before.toString('latin1'));
      }),
      { numRuns: 5000 },
    );
  });

  it('the prefilter never overlooks what would be replaced', () => {
    fc.assert(
      fc.property(bytes, (before) => {
        const { replacements } = rewriter.rewrite(before);
        expect(replacements === 0 || rewriter.mayContain(before)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
