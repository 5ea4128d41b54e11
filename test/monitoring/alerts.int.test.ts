import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '@wcr/stack/services/run';
import { temporaryFolder } from '@wcr/stack/testing/temporary-folder';
import { expect, it } from 'vitest';
import { ALERTS, RULES } from '../support/monitoring.ts';

it('Prometheus takes every alert, and they come when they should and no earlier', async () => {
  const dir = temporaryFolder();
  const [rules, cases] = [join(dir, 'rules.json'), join(dir, 'alert-cases.yaml')];
  writeFileSync(rules, JSON.stringify(RULES));
  copyFileSync(join(import.meta.dirname, 'alert-cases.yaml'), cases);
  expect(await runCommand('promtool', ['check', 'rules', rules])).toContain(`${ALERTS.length} rules found`);
  expect(await runCommand('promtool', ['test', 'rules', cases])).toContain('SUCCESS');
});
