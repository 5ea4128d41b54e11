import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { buildManifests, deployFolder } from './build-kustomization.ts';
import type { Manifest } from './manifest.ts';

export const OVERLAYS = ['dev', 'staging', 'production'] as const;
const COMPONENTS = readdirSync(join(deployFolder, 'components')).sort();
/** Another form of the graph of the component kro; there can be only one. */
const SMALLER_GRAPH = 'kro-without-ack';

/** An overlay with components that it has not by itself. */
export type Variant = { readonly overlay: string; readonly components: readonly string[] };

/**
 * Every overlay as it is, with each further component, and with all of them. What a component needs of another one shows when it
 * comes alone, what it does not get along with when all come: pairs in between would tell nothing more.
 */
export function allVariants(): Variant[] {
  return OVERLAYS.flatMap((overlay) => {
    const others = COMPONENTS.filter((component) => !ownComponents(overlay).includes(component));
    const choices = [[], ...others.map((one) => [one]), others.filter((component) => component !== SMALLER_GRAPH)];
    return choices.map((components) => ({ overlay, components }));
  });
}

/** Builds a variant; built once. */
export function buildVariant({ overlay, components }: Variant): Promise<Manifest[]> {
  return buildManifests(`overlays/${overlay}`, components);
}

/** The variants most assertions are made about: each overlay alone, and production with everything there is. */
export function mainVariants(): Variant[] {
  return allVariants().filter(
    ({ overlay, components }) => components.length === 0 || (overlay === 'production' && components.length > 1),
  );
}

export const describeVariant = ({ overlay, components }: Variant): string => [overlay, ...components].join(' + ');

function ownComponents(overlay: string): string[] {
  const { components } = parse(readFileSync(join(deployFolder, 'overlays', overlay, 'kustomization.yaml'), 'utf8')) as {
    components: string[];
  };
  return components.map((path) => path.replace('../../components/', ''));
}
