import { describe, expect, it } from 'vitest';
import { lexCustomPayload, lexSerialized } from './serialized-lexer.ts';

const all = (): boolean => true;

function payloads(text: string): string[] | undefined {
  return lexSerialized(text, 0, text.length, all)?.map(({ start, end }) => text.slice(start, end));
}

describe('the lexer of serialized data', () => {
  it('reports values but neither keys nor names', () => {
    expect(payloads('a:2:{s:1:"k";s:1:"v";i:0;O:3:"Cls":1:{s:1:"p";s:0:"";}}')).toEqual(['v', '']);
    expect(payloads('s:3:"a";";')).toEqual(['a";']);
    expect(payloads('C:3:"Cls":4:{a:1}}')).toEqual(['a:1}']);
  });

  it('tells where the length of a value stands', () => {
    const [part] = lexSerialized('a:1:{i:0;s:3:"abc";}', 0, 20, all) ?? [];
    expect(part).toEqual({ digitsStart: 11, digitsEnd: 12, start: 14, end: 17, isCustom: false });
  });

  it.each([
    'a:0:{}',
    'a:1:{i:-5;N;}',
    'a:3:{i:0;d:1.0E+25;i:1;d:INF;i:2;b:0;}',
    'O:1:"A":0:{}',
    'a:2:{i:0;R:1;i:1;r:1;}',
    'a:1:{i:0;E:3:"A:B";}',
  ])('accepts %s', (text) => {
    expect(payloads(text)).toEqual([]);
  });

  it.each([
    '',
    's:1:',
    'i:1;',
    'text',
    's:3:"ab";',
    's:1:"ab";',
    's:1:"a"',
    's:-1:"a";',
    's::"";',
    's:999999999999:"a";',
    's:99999999999999999999:"a";',
    'a:1:{}',
    'a:1:{i:0;}',
    'a:1:{i:0;i:0;i:0;i:0;}',
    'a:1:{N;i:0;}',
    'a:1:{a:0:{}i:0;}',
    'a:0:{}x',
    'a:1:{i:0;i:1;',
    'O:2:"A":0:{}',
    'C:1:"A":3:{ab}',
  ])('refuses %s', (text) => {
    expect(payloads(text)).toBeUndefined();
  });

  it('reads payloads of PHP’s own classes', () => {
    const text = 'x:i:1;O:1:"A":1:{s:1:"p";s:1:"v";},i:5;;m:a:0:{}';
    expect(lexCustomPayload(text, 0, text.length, all)).toHaveLength(1);
    expect(lexCustomPayload('{"json":1}', 0, 10, all)).toBeUndefined();
  });
});
