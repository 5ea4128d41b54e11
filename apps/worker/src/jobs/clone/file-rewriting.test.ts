import { expect, it } from 'vitest';
import type { FilePart } from '../../drivers/agent/answers.ts';
import type { Rewriter } from '../../rewriter/rewriter.types.ts';
import { createHtaccessAdapter, FileRewriting, MAX_REWRITTEN_BYTES } from './file-rewriting.ts';

const rewriter: Rewriter = {
  mayContain: (bytes) => bytes.includes('old'),
  rewrite: (bytes) => ({ bytes: Buffer.from(bytes.toString('latin1').replaceAll('old', 'newer'), 'latin1'), replacements: 1 }),
  inverse: { urls: [], paths: [] },
};
const rewriting = () => new FileRewriting(rewriter, (text) => text);

function partsOf(text: string | Buffer, partBytes: number, path = 'a.css'): FilePart[] {
  const bytes = Buffer.from(text);
  const parts: FilePart[] = [];
  for (let offset = 0; offset === 0 || offset < bytes.length; offset += partBytes) {
    const data = bytes.subarray(offset, offset + partBytes);
    parts.push({ path, offset, data, eof: offset + partBytes >= bytes.length, size: bytes.length, mtime: 1, mode: 0o644 });
  }
  return parts;
}

it('replaces an address that lies across two parts of a file', () => {
  const one = rewriting();
  expect(
    partsOf('url(old)', 6)
      .flatMap((part) => one.push(part, 'a.css'))
      .map((outgoing) => [outgoing.data.toString(), outgoing.size]),
  ).toEqual([['url(newer)', 10]]);
});

it('leaves archives and pictures alone, whatever they contain', () => {
  const bytes = Buffer.from('PK\0old');
  expect(
    rewriting()
      .push(partsOf(bytes, 100, 'a.zip')[0] as FilePart, 'a.zip')[0]
      ?.data.equals(bytes),
  ).toBe(true);
});

it('passes large files through part by part and says which of them name the source', () => {
  const one = rewriting();
  const part: FilePart = {
    path: 'x.sql',
    offset: 0,
    data: Buffer.from('old'),
    eof: false,
    size: MAX_REWRITTEN_BYTES + 1,
    mtime: 1,
    mode: 0o600,
  };
  expect(one.push(part, 'x.sql')).toMatchObject([{ offset: 0, eof: false }]);
  expect(one.push({ ...part, offset: 3, eof: true }, 'x.sql')).toMatchObject([{ offset: 3, eof: true, size: 6 }]);
  expect(one.tooLarge).toEqual(['x.sql']);
});

it('loses no byte of a file that grows beyond the limit while it is read', () => {
  const one = rewriting();
  const data = Buffer.alloc(1 << 20, 'x');
  const parts = Array.from({ length: 10 }, (_, index) => ({
    path: 'debug.log',
    offset: index << 20,
    data,
    eof: index === 9,
    size: Math.max(5 << 20, (index + 1) << 20),
    mtime: index,
    mode: 0o600,
  }));
  const written = parts.flatMap((part) => one.push(part, 'debug.log'));
  expect(written.map(({ offset }) => offset >> 20)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(written.at(-1)).toMatchObject({ eof: true, size: 10 << 20 });
});

it('an empty file stays an empty file', () => {
  expect(rewriting().push(partsOf('', 10)[0] as FilePart, 'a.css')).toMatchObject([{ eof: true, size: 0 }]);
});

it('moves WordPress’s own rewrite rules to the clone’s path and no others', () => {
  const adapt = createHtaccessAdapter('https://shop.example/blog', 'https://clones.example/clone-1');
  const text =
    'RewriteBase /blog/\nRewriteRule ^index\\.php$ - [L]\nRewriteRule . /blog/index.php [L]\nRedirect 301 /blog/old /blog/new\n';
  expect(adapt(Buffer.from(text)).toString()).toBe(
    'RewriteBase /clone-1/\nRewriteRule ^index\\.php$ - [L]\nRewriteRule . /clone-1/index.php [L]\nRedirect 301 /blog/old /blog/new\n',
  );
});
