import { createRewriter } from './rewriter.ts';

/**
 * Throughput of the rewriter on the kinds of data that decide how long a copy takes. Run with
 * `node src/rewriter/rewriter.bench.ts` in apps/worker; prints one JSON line a figure.
 */
const rewriter = createRewriter({
  urls: [
    { from: 'https://shop.example', to: 'http://127.0.0.1:8081/clone-20260101-000000-abcd' },
    { from: 'https://www.shop.example', to: 'http://127.0.0.1:8081/clone-20260101-000000-abcd' },
  ],
  paths: [{ from: '/srv/www/shop/htdocs', to: '/srv/clones/clone-20260101-000000-abcd/site' }],
});

const MEGABYTE = 1_000_000;
const PROSE =
  '<p>Ein schöner Tag, <a href="https://elsewhere.example/page">a link</a> and "some" words; {"id":12,"ok":true}</p>\n';
const LINK = 'https://shop.example/wp-content/uploads/2026/01/picture.jpg';

function fill(size: number, unit: string): string {
  return unit.repeat(Math.ceil(size / unit.length)).slice(0, size);
}

/** One megabyte of text with an address every so many bytes. */
function textWithLinks(every: number, link = LINK): Buffer {
  const unit = `${fill(Math.max(1, every - link.length - 2), PROSE)}"${link}"`;
  return Buffer.from(unit.repeat(Math.floor(MEGABYTE / unit.length)), 'latin1');
}

function serialized(links: number): Buffer {
  const value = `${fill(400, 'plain words ')} ${LINK}`;
  const item = (index: number): string => `i:${index};a:2:{s:2:"id";i:${index};s:3:"src";s:${value.length}:"${value}";}`;
  return Buffer.from(`a:${links}:{${Array.from({ length: links }, (_, index) => item(index)).join('')}}`);
}

function serializedInJson(links: number): Buffer {
  return Buffer.from(JSON.stringify({ meta: serialized(links).toString('latin1') }).replaceAll('/', '\\/'));
}

const cell = Buffer.from('a typical short value of one cell');

const cases: Readonly<Record<string, { readonly value: Buffer; readonly run: (value: Buffer) => unknown }>> = {
  'prefilter, no match': { value: Buffer.from(fill(8 * MEGABYTE, PROSE)), run: rewriter.mayContain },
  'prefilter, cells of 33 bytes': { value: cell, run: rewriter.mayContain },
  'no match': { value: Buffer.from(fill(8 * MEGABYTE, PROSE)), run: rewriter.rewrite },
  'sparse: 20 addresses per MB': { value: textWithLinks(50_000), run: rewriter.rewrite },
  'dense: 2000 addresses per MB': { value: textWithLinks(500), run: rewriter.rewrite },
  'solid: 10000 addresses per MB': { value: textWithLinks(100), run: rewriter.rewrite },
  'JSON, 2000 per MB': { value: textWithLinks(500, LINK.replaceAll('/', '\\/')), run: rewriter.rewrite },
  'percent-encoded, 2000 per MB': { value: textWithLinks(500, encodeURIComponent(LINK)), run: rewriter.rewrite },
  'serialized, 2000 per MB': { value: serialized(2000), run: rewriter.rewrite },
  'serialized in JSON, 2000 per MB': { value: serializedInJson(2000), run: rewriter.rewrite },
};

function measure(run: () => unknown, bytes: number): { megabytesPerSecond: number; millisecondsPerRun: number } {
  const roundsPerSample = Math.max(1, Math.round(2 * (MEGABYTE / bytes)));
  let best = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 40; sample += 1) {
    const start = performance.now();
    for (let round = 0; round < roundsPerSample; round += 1) run();
    best = Math.min(best, (performance.now() - start) / roundsPerSample);
  }
  return { megabytesPerSecond: Math.round(bytes / 1000 / best), millisecondsPerRun: Number(best.toPrecision(3)) };
}

for (const [name, { value, run }] of Object.entries(cases)) {
  const figures = measure(() => run(value), value.length);
  process.stdout.write(`${JSON.stringify({ name, bytes: value.length, ...figures })}\n`);
}
