import type { JsonSchema } from '../validation/json-schema.ts';

/** A model of the package kubernetes-models. */
export type Model = new (data: never) => { validate(): void };

/** What the server knows of a kind of objects. */
export type Kind = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly subresources: readonly string[];
  /** Whether changes of its spec are counted in metadata.generation. */
  readonly hasGeneration: boolean;
  /** The name of its class in the client library; custom resources have none. */
  readonly type?: string;
  readonly model?: Model;
  /** Of a custom resource: what its objects look like. Without one any fields are accepted. */
  readonly schema?: JsonSchema;
  /** What happens to dependents if a deletion does not say. */
  readonly defaultPropagation: 'Background' | 'Orphan';
  readonly nameForm: 'subdomain' | 'label' | 'path';
};

/** `group/plural`, the key of a kind's objects in the store. */
export function resourceOf({ group, plural }: Pick<Kind, 'group' | 'plural'>): string {
  return `${group}/${plural}`;
}

export function apiVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

export function isCustom(kind: Kind): boolean {
  return kind.type === undefined;
}

/** The kinds that are served at the moment. */
export class KindRegistry {
  readonly #kinds = new Map<string, Kind>();

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.add(kind);
  }

  add(kind: Kind): void {
    this.#kinds.set(resourceOf(kind), kind);
  }

  remove(kind: Pick<Kind, 'group' | 'plural'>): void {
    this.#kinds.delete(resourceOf(kind));
  }

  all(): Kind[] {
    return [...this.#kinds.values()];
  }

  byResource(resource: string): Kind | undefined {
    return this.#kinds.get(resource);
  }

  byPath(group: string, version: string, plural: string): Kind | undefined {
    const kind = this.#kinds.get(`${group}/${plural}`);
    return kind?.version === version ? kind : undefined;
  }

  /** @param apiVersion as objects state it; any version of the group counts */
  byKind(apiVersion: string, kind: string): Kind | undefined {
    const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
    return this.all().find((known) => known.group === group && known.kind === kind);
  }
}
