import { describe, expect, it } from 'vitest';
import { newCloneSchema } from '../clones/clone-bodies.ts';
import { checkForm, listOf, nestFields, refusedForm } from './form.ts';
import { textField } from './parts/fields.ts';

const NAMES = ['source.url', 'source.username', 'source.password', 'source.httpAuth.username'];

describe('a form’s fields', () => {
  it('become the body of the call they stand for, without those that were left empty', () => {
    const typed = { 'source.url': ' https://shop.example ', 'source.httpAuth.username': 'me', 'source.username': ' ' };
    expect(nestFields(typed, NAMES)).toEqual({ source: { url: 'https://shop.example', httpAuth: { username: 'me' } } });
  });

  it('keep the spaces of a password, and lose those around anything else', () => {
    expect(nestFields({ 'source.password': ' p w ', 'source.username': ' me ' }, NAMES)).toEqual({
      source: { password: ' p w ', username: 'me' },
    });
  });

  it('are only those the form has: nothing else that was sent reaches the body', () => {
    expect(nestFields({ '__proto__.polluted': 'yes', constructor: 'x', 'source.evil': 'x' }, NAMES)).toEqual({});
    expect({}).not.toHaveProperty('polluted');
  });

  it('of several lines are a list', () => {
    expect(listOf(' wp-content/cache*\r\n\r\nwp-content/tmp , old ')).toEqual(['wp-content/cache*', 'wp-content/tmp', 'old']);
  });
});

describe('a form that does not do', () => {
  const refused = (body: object) => {
    try {
      checkForm(newCloneSchema(600), body);
    } catch (error) {
      return refusedForm(error as never, {});
    }
    throw new Error('it was taken');
  };

  it('says of each field what is wrong with it, by the name the field has', () => {
    const { problems, error } = refused({
      source: {},
      ttlMinutes: 700,
      exclude: { paths: ['fine', '../up'], tables: [] },
    });
    expect(error?.code).toBe('request.invalid');
    expect(problems).toEqual({
      'source.url': 'must not be empty',
      ttlMinutes: 'must be at most 600',
      'exclude.paths': 'must be relative to the site root, without ".."',
    });
    expect(refused({ source: { url: 'https://shop.example', username: 'me' } }).problems).toEqual({
      'source.password': 'goes together with username',
    });
  });

  it('is shown with what was typed, but never with a password or key', async () => {
    const typed = { 'source.username': '<b>me</b>', 'source.password': 'hunter2', 'source.pairingKey': 'abcd' };
    const fields = await Promise.all(
      Object.keys(typed).map(async (name) =>
        String(await textField({ typed, problems: { [name]: 'is "wrong"' } }, { name, label: name })),
      ),
    );
    expect(fields[0]).toContain('value="&lt;b&gt;me&lt;/b&gt;"');
    expect(fields[0]).toContain('aria-invalid="true"');
    expect(fields[0]).toContain('This is &quot;wrong&quot;.');
    expect(fields.slice(1).join()).not.toMatch(/hunter2|abcd/);
  });
});
