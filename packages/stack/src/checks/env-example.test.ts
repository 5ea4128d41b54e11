import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../stack/stack-layout.ts';

/** Names of settings where they are defined (`env: 'WCR_…'`) or read (`env['WCR_…']`). */
const IN_SOURCE = /(?:env|variable): '((?:WCR|OTEL)_[A-Z_]+)'|env\['(WCR_[A-Z_]+)'\]|(?:Key|Password): '(WCR_[A-Z_]+)'/g;

function namesInSource(): Set<string> {
  const folders = ['apps/api', 'apps/worker', 'apps/gateway', 'packages/shared', 'packages/stack', 'packages/cli'];
  const names = folders.flatMap((folder) => {
    const source = join(repositoryRoot, folder, 'src');
    const files = readdirSync(source, { recursive: true, encoding: 'utf8' });
    const sources = files.filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
    return sources.flatMap((file) =>
      [...readFileSync(join(source, file), 'utf8').matchAll(IN_SOURCE)].map((match) => match[1] ?? match[2] ?? match[3] ?? ''),
    );
  });
  return new Set(names);
}

it('.env.example documents every setting, and no other', () => {
  const text = readFileSync(join(repositoryRoot, '.env.example'), 'utf8');
  const documented = [...text.matchAll(/^#?((?:WCR|OTEL)_[A-Z_]+)=/gm)].map((match) => match[1] ?? '');
  expect([...documented].sort()).toEqual([...namesInSource()].sort());
});
