import type { RbacV1Subject, V1ClusterRole, V1PolicyRule, V1RoleBinding } from '@kubernetes/client-node';
import type { RequestFacts } from '../faults.ts';
import { StatusError } from '../http/status-error.ts';
import { viewAs } from '../storage/kube-object.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { User } from './tokens.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** What somebody wants to do, as rules state it. */
export type Attempt = Omit<RequestFacts, 'user'>;

/** Whether a role bound to the user allows the attempt. Rights are only ever given, never taken. */
export function isAllowed(store: ObjectStore, user: User, attempt: Attempt): boolean {
  if (user.groups.includes('system:masters')) return true;
  const everywhere = store.list(`${GROUP}/clusterrolebindings`).map((object) => viewAs<V1RoleBinding>(object));
  const here =
    attempt.namespace === ''
      ? []
      : store.list(`${GROUP}/rolebindings`, attempt.namespace).map((object) => viewAs<V1RoleBinding>(object));
  return [...everywhere, ...here]
    .filter(({ subjects = [], metadata }) => subjects.some((subject) => isSubject(subject, user, metadata?.namespace)))
    .flatMap((binding) => rulesOf(store, binding))
    .some((rule) => allows(rule, attempt));
}

function isSubject(subject: RbacV1Subject, user: User, namespace: string | undefined): boolean {
  if (subject.kind === 'ServiceAccount')
    return user.name === `system:serviceaccount:${subject.namespace ?? namespace}:${subject.name}`;
  return subject.kind === 'Group' ? user.groups.includes(subject.name) : user.name === subject.name;
}

function rulesOf(store: ObjectStore, { roleRef, metadata }: V1RoleBinding): V1PolicyRule[] {
  const isCluster = roleRef.kind === 'ClusterRole';
  const resource = `${GROUP}/${isCluster ? 'clusterroles' : 'roles'}`;
  const role = store.read({ resource, namespace: isCluster ? '' : (metadata?.namespace ?? ''), name: roleRef.name });
  return role === undefined ? [] : (viewAs<V1ClusterRole>(role).rules ?? []);
}

function allows(rule: V1PolicyRule, attempt: Attempt): boolean {
  const resource = attempt.subresource === '' ? attempt.resource : `${attempt.resource}/${attempt.subresource}`;
  const names = rule.resourceNames ?? [];
  return (
    includes(rule.verbs, attempt.verb) &&
    includes(rule.apiGroups, attempt.group) &&
    (includes(rule.resources, resource) ||
      (attempt.subresource !== '' && (rule.resources ?? []).includes(`*/${attempt.subresource}`))) &&
    // The name of what is not yet there cannot be known when it is asked for.
    (names.length === 0 || names.includes(attempt.name))
  );
}

function includes(list: readonly string[] | undefined, value: string): boolean {
  return list?.includes('*') === true || list?.includes(value) === true;
}

/** The refusal of an attempt in the words of the API. */
export function denial(user: User, attempt: Attempt): StatusError {
  const { verb, group, resource, subresource, namespace, name } = attempt;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const subject = name === '' ? qualified : `${qualified} "${name}"`;
  const message = `${subject} is forbidden: User "${user.name}" cannot ${verb} resource "${what}" in API group "${group}" ${where}`;
  return new StatusError(403, 'Forbidden', message, {
    ...(name === '' ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: resource,
  });
}
