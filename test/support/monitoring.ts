import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'yaml';

const folder = resolve(import.meta.dirname, '../../deploy/monitoring');

export type Alert = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};
type Groups = { readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[] };
type Panel = { readonly title: string; readonly targets?: readonly { readonly expr: string }[] };

/** The groups of alerts as Prometheus itself reads them: the operator hands it the `spec`. */
export const RULES: Groups = (parse(readFileSync(join(folder, 'alerts.yaml'), 'utf8')) as { spec: Groups }).spec;
export const ALERTS: readonly Alert[] = RULES.groups.flatMap(({ rules }) => rules);

/** Every expression of the dashboard, with the title of its panel. */
export const PANELS: readonly { readonly title: string; readonly expr: string }[] = (
  JSON.parse(readFileSync(join(folder, 'dashboard.json'), 'utf8')) as { panels: Panel[] }
).panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

const LIMIT = /^(.+?)\s*(==|>|<|>=|<=)\s*([\d.e]+)$/s;

/** The value an alert compares with its limit. @throws Error when the expression is anything else than a value and a limit */
export function comparedValue({ alert, expr }: Alert): string {
  const value = LIMIT.exec(expr.trim())?.[1];
  if (value === undefined) throw new Error(`${alert} is not a value and a limit: ${expr}`);
  return value;
}
