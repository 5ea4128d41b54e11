import { CustomResourceDefinition } from 'kubernetes-models/apiextensions.k8s.io/v1/CustomResourceDefinition';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { ReplicaSet } from 'kubernetes-models/apps/v1/ReplicaSet';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Lease } from 'kubernetes-models/coordination.k8s.io/v1/Lease';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { ClusterRole } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole';
import { ClusterRoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRoleBinding';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { ConfigMap } from 'kubernetes-models/v1/ConfigMap';
import { Event } from 'kubernetes-models/v1/Event';
import { LimitRange } from 'kubernetes-models/v1/LimitRange';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { PersistentVolumeClaim } from 'kubernetes-models/v1/PersistentVolumeClaim';
import { Pod } from 'kubernetes-models/v1/Pod';
import { ResourceQuota } from 'kubernetes-models/v1/ResourceQuota';
import { Secret } from 'kubernetes-models/v1/Secret';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import type { Kind, Model } from './kind.ts';

type Special = Partial<Pick<Kind, 'namespaced' | 'subresources' | 'hasGeneration' | 'type' | 'defaultPropagation' | 'nameForm'>>;

const CORE = { group: '', version: 'v1' };
const APPS = { group: 'apps', version: 'v1' };
const NETWORKING = { group: 'networking.k8s.io', version: 'v1' };
const RBAC = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const BATCH = { group: 'batch', version: 'v1' };
const POLICY = { group: 'policy', version: 'v1' };
const COORDINATION = { group: 'coordination.k8s.io', version: 'v1' };
const EXTENSIONS = { group: 'apiextensions.k8s.io', version: 'v1' };

const STATUS = { subresources: ['status'] };
const COUNTED = { subresources: ['status'], hasGeneration: true };

/** The kinds every cluster has, as far as the stand-in serves them. */
export const BUILTIN_KINDS: readonly Kind[] = [
  define(CORE, Namespace, 'namespaces', ['ns'], { namespaced: false, subresources: ['status', 'finalize'], nameForm: 'label' }),
  define(CORE, ConfigMap, 'configmaps', ['cm']),
  define(CORE, Secret, 'secrets', []),
  define(CORE, Service, 'services', ['svc'], { ...STATUS, nameForm: 'label' }),
  define(CORE, Pod, 'pods', ['po'], { subresources: ['status', 'log'], hasGeneration: true }),
  define(CORE, ServiceAccount, 'serviceaccounts', ['sa'], { subresources: ['token'] }),
  define(CORE, PersistentVolumeClaim, 'persistentvolumeclaims', ['pvc'], STATUS),
  define(CORE, Event, 'events', ['ev'], { type: 'CoreV1Event' }),
  define(CORE, ResourceQuota, 'resourcequotas', ['quota'], STATUS),
  define(CORE, LimitRange, 'limitranges', ['limits']),
  define(APPS, Deployment, 'deployments', ['deploy'], { ...COUNTED, subresources: ['status', 'scale'] }),
  define(APPS, ReplicaSet, 'replicasets', ['rs'], { ...COUNTED, subresources: ['status', 'scale'] }),
  define(NETWORKING, Ingress, 'ingresses', ['ing'], COUNTED),
  define(NETWORKING, NetworkPolicy, 'networkpolicies', ['netpol'], { hasGeneration: true }),
  define(RBAC, Role, 'roles', [], { nameForm: 'path' }),
  define(RBAC, RoleBinding, 'rolebindings', [], { nameForm: 'path' }),
  define(RBAC, ClusterRole, 'clusterroles', [], { namespaced: false, nameForm: 'path' }),
  define(RBAC, ClusterRoleBinding, 'clusterrolebindings', [], { namespaced: false, nameForm: 'path' }),
  define(BATCH, Job, 'jobs', [], { ...COUNTED, defaultPropagation: 'Orphan' }),
  define(POLICY, PodDisruptionBudget, 'poddisruptionbudgets', ['pdb'], COUNTED),
  define(COORDINATION, Lease, 'leases', []),
  define(EXTENSIONS, CustomResourceDefinition, 'customresourcedefinitions', ['crd'], { ...COUNTED, namespaced: false }),
];

function define(
  groupVersion: Pick<Kind, 'group' | 'version'>,
  model: { readonly kind: string },
  plural: string,
  shortNames: readonly string[],
  special: Special = {},
): Kind {
  return {
    ...groupVersion,
    kind: model.kind,
    plural,
    singular: model.kind.toLowerCase(),
    shortNames,
    namespaced: true,
    subresources: [],
    hasGeneration: false,
    type: `V1${model.kind}`,
    model: model as unknown as Model,
    defaultPropagation: 'Background',
    nameForm: 'subdomain',
    ...special,
  };
}
