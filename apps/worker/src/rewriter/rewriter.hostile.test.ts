import { describe, expect, it } from 'vitest';
import { createRewriter } from './rewriter.ts';

const ADDRESS = 'https://a.example';
const { rewrite } = createRewriter({
  urls: [{ from: ADDRESS, to: 'https://clones.example/1' }],
  paths: [{ from: '/srv/www/a', to: '/srv/c' }],
});

function count(text: string): number {
  return rewrite(Buffer.from(text, 'latin1')).replacements;
}

/** Each of these takes hours when the work is not linear; finishing within the time limit of a test is the assertion. */
describe('hostile data is done with in linear time:', { timeout: 60_000 }, () => {
  const million = 1_000_000;

  it('runs of backslashes', () => {
    const run = '\\'.repeat(4 * million);
    expect(count(`${run}/a.example ${run}//a.example ${run}"${ADDRESS}${run}`)).toBe(2);
    expect(count(`${'\\u002'.repeat(million)} //a.example${'\\'.repeat(million)}u002f`)).toBe(1);
  });

  it('many hosts with long tails of escapes', () => {
    expect(count(`//a.example${'%25'.repeat(100)} `.repeat(20_000))).toBe(20_000);
    expect(count(`//a.example&${'amp;'.repeat(100)} `.repeat(20_000))).toBe(20_000);
    expect(count(`${'%5C'.repeat(2 * million)}%2F%2Fa.example`)).toBeLessThan(2);
    expect(count(`${'25'.repeat(2 * million)}2F2Fa.example`)).toBe(0);
  });

  it('lengths that lie', () => {
    expect(count(`s:999999999:"${ADDRESS} `.repeat(100_000))).toBe(100_000);
    expect(count(`a:999999999:{i:0;s:17:"${ADDRESS}";`.repeat(100_000))).toBe(100_000);
    expect(count(`"a:1:{s:999:\\"${ADDRESS} `.repeat(100_000))).toBe(100_000);
    expect(count(`"s:17:\\"`.repeat(300_000) + ADDRESS)).toBe(1);
  });

  it('serialized strings nested a hundred thousand deep', () => {
    let [head, tail, length] = ['', '', ADDRESS.length];
    const heads: string[] = [];
    for (let level = 0; level < 100_000; level += 1) {
      head = `s:${length}:"`;
      heads.push(head);
      tail += '";';
      length += head.length + 2;
    }
    const after = rewrite(Buffer.from(heads.toReversed().join('') + ADDRESS + tail)).bytes;
    const grown = 'https://clones.example/1'.length - ADDRESS.length;
    expect(after.subarray(-2 * 100_000 - 40).toString()).toContain('s:24:"https://clones.example/1";');
    expect(after.length).toBeGreaterThanOrEqual(length + grown);
  });

  it('arrays nested a million deep', () => {
    expect(count(`${'a:1:{i:0;'.repeat(million)}s:17:"${ADDRESS}";${'}'.repeat(million)}`)).toBe(1);
    expect(count(`${'a:1:{i:0;'.repeat(million)}s:17:"${ADDRESS}";`)).toBe(1);
  });

  it('encodings nested deeper than they can be opened', () => {
    const deep = `s%${'25'.repeat(5000)}3A17%${'25'.repeat(5000)}3A${ADDRESS}`;
    expect(count(`${deep} `.repeat(200))).toBe(200);
    expect(count(`"s:1:&${'amp;'.repeat(9)}quot;${ADDRESS} s%${'25'.repeat(9)}3A1%" `.repeat(5_000))).toBe(5_000);
  });

  it('unfinished shortcodes and attributes', () => {
    expect(count('[vc_raw_html '.repeat(300_000) + ADDRESS)).toBe(1);
    expect(count(`[vc_raw_html]${'A'.repeat(3 * million)} ${ADDRESS}`)).toBe(1);
    expect(count('s:1:&quot;'.repeat(300_000) + ADDRESS)).toBe(1);
  });

  it('a value of ten megabytes', () => {
    const item = `${'x'.repeat(983)}${ADDRESS}`;
    expect(count(`a:10000:{${Array.from({ length: 10_000 }, (_, i) => `i:${i};s:1000:"${item}";`).join('')}}`)).toBe(10_000);
    expect(count('a.example '.repeat(million))).toBe(0);
    expect(count('srv/www/a '.repeat(million))).toBe(0);
  });
});
