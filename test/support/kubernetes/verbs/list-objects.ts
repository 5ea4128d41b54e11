import { badRequest, expired } from '../http/status-error.ts';
import { apiVersionOf, type Kind, resourceOf } from '../kinds/kind.ts';
import type { Fields, KubeObject } from '../storage/kube-object.ts';
import type { Machinery } from './machinery.ts';
import type { Selector } from './selectors.ts';

/** Which objects are wanted, and how many at once (0: all). `continueToken` is of an earlier answer. */
export type ListQuery = {
  readonly kind: Kind;
  readonly namespace: string;
  readonly isSelected: Selector;
  readonly limit: number;
  readonly continueToken: string;
};

type Position = { readonly revision: number; readonly after: string };

/** @throws StatusError 410 if the list that is continued is of a time already forgotten */
export function listObjects(machinery: Machinery, query: ListQuery): Fields {
  const { kind, namespace, isSelected, limit, continueToken } = query;
  const position = continueToken === '' ? { revision: machinery.store.revision, after: '' } : readToken(continueToken);
  if (position.revision < machinery.store.compacted) {
    throw expired('The provided continue parameter is too old to display a consistent list result.');
  }
  const rest = asOf(machinery, kind, namespace, position.revision)
    .filter((object) => placeOf(object) > position.after)
    .filter(isSelected);
  const items = limit > 0 ? rest.slice(0, limit) : rest;
  const last = items.at(-1);
  const remaining = rest.length - items.length;
  const more =
    last !== undefined && remaining > 0
      ? { continue: writeToken({ ...position, after: placeOf(last) }), remainingItemCount: remaining }
      : {};
  return {
    kind: `${kind.kind}List`,
    apiVersion: apiVersionOf(kind),
    metadata: { resourceVersion: String(position.revision), ...more },
    items,
  };
}

/** All pages of a list show one moment: what happened since is undone. */
function asOf({ store }: Machinery, kind: Kind, namespace: string, revision: number): KubeObject[] {
  const objects = new Map(store.list(resourceOf(kind), namespace).map((object) => [placeOf(object), object]));
  for (const { key, object, previous } of store.changesSince(revision).toReversed()) {
    if (key.resource !== resourceOf(kind) || (namespace !== '' && key.namespace !== namespace)) continue;
    if (previous === undefined) objects.delete(placeOf(object));
    else objects.set(placeOf(previous), previous);
  }
  return [...objects].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, object]) => object);
}

function placeOf({ metadata }: KubeObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function writeToken(position: Position): string {
  return Buffer.from(JSON.stringify(position)).toString('base64url');
}

function readToken(token: string): Position {
  try {
    return JSON.parse(Buffer.from(token, 'base64url').toString()) as Position;
  } catch {
    throw badRequest('continue key is not valid');
  }
}
