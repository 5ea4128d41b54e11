import { expect, it } from 'vitest';
import { createHeadReader } from './response-head.ts';

function read(...chunks: string[]): ReturnType<ReturnType<typeof createHeadReader>> {
  const reader = createHeadReader();
  return chunks.reduce<ReturnType<typeof reader>>((found, chunk) => found ?? reader(Buffer.from(chunk, 'latin1')), undefined);
}

it('reads status, headers and the beginning of the body', () => {
  const found = read('Status: 404 Not Found\r\nX-A: 1\r\nSet-Cookie: a=b: c\r\n\r\nbody');
  expect(found?.head).toEqual({
    status: 404,
    headers: [
      ['X-A', '1'],
      ['Set-Cookie', 'a=b: c'],
    ],
  });
  expect(found?.rest.toString()).toBe('body');
});

it('waits for the end of the headers', () => {
  expect(read('X-A: 1\r\n')).toBeUndefined();
  expect(read('X-A: 1\r', '\n\r', '\nrest')?.rest.toString()).toBe('rest');
  expect(read('X-A: 1\n\nrest\r\n\r\n')?.rest.toString()).toBe('rest\r\n\r\n');
});

it('takes an answer without status for success, or for a redirect when it names a location', () => {
  expect(read('X: y\r\n\r\n')?.head.status).toBe(200);
  expect(read('Location: /x\r\n\r\n')?.head.status).toBe(302);
  expect(read('Status: 9999\r\n\r\n')?.head.status).toBe(200);
});

it('refuses headers without end', () => {
  const reader = createHeadReader();
  expect(() => {
    for (let round = 0; round < 10; round += 1) reader(Buffer.alloc(64 * 1024, 'a'));
  }).toThrow();
});
