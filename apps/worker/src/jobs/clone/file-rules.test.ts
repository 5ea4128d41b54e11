import { expect, it } from 'vitest';
import { createFileRules } from './file-rules.ts';

const rules = createFileRules({ content: 'wp-content', excludePaths: ['/wp-content/backups/', 'wp-content/uploads/2019*'] });

it('parks drop-ins and keeps files of the same name elsewhere', () => {
  expect(rules('wp-content/object-cache.php')).toEqual({ action: 'park', as: 'wp-content/object-cache.php.wcr-parked' });
  expect(rules('wp-content/plugins/x/object-cache.php')).toEqual({ action: 'copy', as: 'wp-content/plugins/x/object-cache.php' });
});

it('never copies the source’s configuration', () => {
  expect(rules('wp-config.php').action).toBe('skip');
  expect(rules('wp-content/wp-config.php').action).toBe('copy');
});

it('leaves out what the request excludes, and nothing that merely begins alike', () => {
  expect(rules('wp-content/backups/a.zip').action).toBe('skip');
  expect(rules('wp-content/backups-old/a.zip').action).toBe('copy');
  expect(rules('wp-content/uploads/2019/a.png').action).toBe('skip');
});
