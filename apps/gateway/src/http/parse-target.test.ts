import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseTarget } from './parse-target.ts';

const ID = 'clone-20260101-120000-abcd';

it('reads clone, path and query', () => {
  expect(parseTarget(`/${ID}/a%20b/c.php?x=%2F?&y`, '')).toEqual({
    kind: 'clone',
    cloneId: ID,
    prefix: `/${ID}/`,
    path: 'a b/c.php',
    query: 'x=%2F?&y',
  });
  expect(parseTarget(`/${ID}/`, '')).toMatchObject({ kind: 'clone', path: '', query: '' });
  expect(parseTarget(`/${ID}?a`, '')).toEqual({ kind: 'redirect', cloneId: ID, location: `/${ID}/?a` });
});

it('knows its own addresses before any clone', () => {
  expect(parseTarget('/.wcr/health', '')).toEqual({ kind: 'health' });
  expect(parseTarget(`/.wcr/clones/${ID}`, '/base')).toEqual({ kind: 'clone-state', cloneId: ID });
});

it('serves clones below a base path only', () => {
  expect(parseTarget(`/base/${ID}/x`, '/base')).toMatchObject({ kind: 'clone', prefix: `/base/${ID}/`, path: 'x' });
  expect(parseTarget(`/${ID}/x`, '/base')).toEqual({ kind: 'refused' });
});

it('never lets a path climb', () => {
  const step = fc.constantFrom('..', '.', '%2e%2e', '%2E.', '/', '%2f', '%5c', '\\', '%00', 'a', '%c0%ae', '%', '%25', '?');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 10 }), (steps) => {
      const target = parseTarget(`/${ID}/${steps.join('')}`, '');
      if (target.kind !== 'clone') return;
      expect(target.path).not.toMatch(/^\/|\/\/|(^|\/)\.\.?(\/|$)|[\\\0]/);
    }),
  );
});
