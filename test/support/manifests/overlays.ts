import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { buildManifests, deployFolder } from './build-kustomization.ts';
import type { Manifest } from './manifest.ts';

export const OVERLAYS = ['dev', 'staging', 'production'] as const;
const COMPONENTS = readdirSync(join(deployFolder, 'components')).sort();
/** Two forms of the same graph. */
const EXCLUSIVE = ['kro', 'kro-without-ack'];

/** An overlay with components that it has not by itself. */
export type Variant = { readonly overlay: string; readonly components: readonly string[] };

/** Every overlay as it is, with each further component, with each two of them, and with all that go together. */
export function allVariants(): Variant[] {
  return OVERLAYS.flatMap((overlay) => {
    const others = COMPONENTS.filter((component) => !ownComponents(overlay).includes(component));
    const pairs = others.flatMap((one, index) => others.slice(index + 1).map((two) => [one, two]));
    const all = others.filter((component) => component !== EXCLUSIVE[1]);
    const choices = [[], ...others.map((one) => [one]), ...pairs, all];
    return choices.filter((choice) => !EXCLUSIVE.every((one) => choice.includes(one))).map((components) => ({ overlay, components }));
  });
}

/** Builds a variant; built once. */
export function buildVariant({ overlay, components }: Variant): Promise<Manifest[]> {
  return buildManifests(`overlays/${overlay}`, components);
}

/** The variants most assertions are made about: each overlay alone, and each with everything there is. */
export function mainVariants(): Variant[] {
  return allVariants().filter(({ components }) => components.length === 0 || components.length > 2);
}

export const describeVariant = ({ overlay, components }: Variant): string => [overlay, ...components].join(' + ');

function ownComponents(overlay: string): string[] {
  const { components } = parse(readFileSync(join(deployFolder, 'overlays', overlay, 'kustomization.yaml'), 'utf8')) as {
    components: string[];
  };
  return components.map((path) => path.replace('../../components/', ''));
}
