import { forbidden } from '../http/status-error.ts';
import { type Kind, resourceOf } from '../kinds/kind.ts';
import { isFields } from '../storage/kube-object.ts';
import type { Admission, Machinery } from '../verbs/machinery.ts';

/** Refuses an object if a quota of its namespace allows no more of its kind. Only numbers of objects are counted. */
export const admitQuota: Admission = (machinery, kind, { metadata }) => {
  const namespace = metadata.namespace ?? '';
  if (!kind.namespaced) return;
  for (const quota of machinery.store.list('/resourcequotas', namespace)) {
    const hard = isFields(quota.spec?.['hard']) ? quota.spec['hard'] : {};
    for (const name of namesOf(kind)) {
      const limit = hard[name];
      const used = usageOf(machinery, namespace, name);
      if (limit === undefined || used + 1 <= Number(limit)) continue;
      const why = `exceeded quota: ${quota.metadata.name}, requested: ${name}=1, used: ${name}=${used}, limited: ${name}=${limit}`;
      throw forbidden(kind, metadata.name, why);
    }
  }
};

/** How a quota may call the number of a kind's objects. */
function namesOf({ group, plural }: Kind): string[] {
  const counted = `count/${plural}${group === '' ? '' : `.${group}`}`;
  const classic = ['pods', 'services', 'secrets', 'configmaps', 'persistentvolumeclaims', 'resourcequotas'];
  return group === '' && classic.includes(plural) ? [counted, plural] : [counted];
}

/** How many objects a quota's entry counts now; pods that are over do not count under their classic name. */
export function usageOf({ store, kinds }: Machinery, namespace: string, name: string): number {
  const kind = kinds.all().find((known) => known.namespaced && namesOf(known).includes(name));
  if (kind === undefined) return 0;
  const objects = store.list(resourceOf(kind), namespace);
  if (name !== 'pods') return objects.length;
  return objects.filter(({ status }) => status?.['phase'] !== 'Succeeded' && status?.['phase'] !== 'Failed').length;
}
