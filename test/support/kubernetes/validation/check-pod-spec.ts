import type { V1Container, V1PodSpec } from '@kubernetes/client-node';
import type { StatusCause } from '../http/status-error.ts';
import type { Fields } from '../storage/kube-object.ts';
import { isLabelName } from './check-metadata.ts';
import { duplicate, invalidValue, notSupported, required } from './field-error.ts';

const QUANTITY = /^[+-]?(\d+(\.\d*)?|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$/;

/** What is wrong with the part of a pod that says what runs; `path` is where it stands. */
export function checkPodSpec(fields: Fields | undefined, path: string): StatusCause[] {
  const spec = (fields ?? {}) as unknown as V1PodSpec;
  const containers = spec.containers ?? [];
  const volumes = (spec.volumes ?? []).map(({ name }) => name);
  const all = [
    ...(spec.initContainers ?? []).map((container, index) => ({ container, at: `${path}.initContainers[${index}]` })),
    ...containers.map((container, index) => ({ container, at: `${path}.containers[${index}]` })),
  ];
  return [
    ...(containers.length === 0 ? [required(`${path}.containers`)] : []),
    ...checkNames(all.map(({ container, at }) => ({ name: container.name, at: `${at}.name` }))),
    ...checkNames(volumes.map((name, index) => ({ name, at: `${path}.volumes[${index}].name` }))),
    ...all.flatMap(({ container, at }) => checkContainer(container, at, volumes)),
    ...checkVolumes(spec, path),
  ];
}

function checkNames(named: readonly { readonly name: string; readonly at: string }[]): StatusCause[] {
  return named.flatMap(({ name, at }, index) => {
    if (!name) return [required(at)];
    if (!isLabelName(name))
      return [invalidValue(at, name, 'a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "-"')];
    return named.findIndex((one) => one.name === name) === index ? [] : [duplicate(at, name)];
  });
}

function checkContainer(container: V1Container, at: string, volumes: readonly string[]): StatusCause[] {
  const mounts = container.volumeMounts ?? [];
  const paths = mounts.map(({ mountPath }) => mountPath);
  return [
    ...(container.image ? [] : [required(`${at}.image`)]),
    ...(container.ports ?? []).flatMap(({ containerPort, name }, index) => [
      ...(containerPort >= 1 && containerPort <= 65_535
        ? []
        : [invalidValue(`${at}.ports[${index}].containerPort`, containerPort, 'must be between 1 and 65535, inclusive')]),
      ...(name === undefined || (isLabelName(name) && name.length <= 15)
        ? []
        : [invalidValue(`${at}.ports[${index}].name`, name, 'must be no more than 15 characters')]),
    ]),
    ...mounts.flatMap(({ name, mountPath }, index) => [
      ...(volumes.includes(name)
        ? []
        : [{ reason: 'FieldValueNotFound', message: `Not found: "${name}"`, field: `${at}.volumeMounts[${index}].name` }]),
      ...(paths.indexOf(mountPath) === index
        ? []
        : [invalidValue(`${at}.volumeMounts[${index}].mountPath`, mountPath, 'must be unique')]),
    ]),
    ...checkEnv(container, at),
    ...checkResources(container, at),
  ];
}

function checkEnv({ env = [] }: V1Container, at: string): StatusCause[] {
  return env.flatMap(({ name, value, valueFrom }, index) => {
    const field = `${at}.env[${index}]`;
    if (!name) return [required(`${field}.name`)];
    if (value && valueFrom != null)
      return [invalidValue(`${field}.valueFrom`, '', 'may not be specified when `value` is not empty')];
    return [];
  });
}

function checkResources({ resources = {} }: V1Container, at: string): StatusCause[] {
  const { limits = {}, requests = {} } = resources;
  const all = [
    ...Object.entries(limits).map(([name, value]) => ({ part: 'limits', name, value })),
    ...Object.entries(requests).map(([name, value]) => ({ part: 'requests', name, value })),
  ];
  return all
    .filter(({ value }) => !QUANTITY.test(String(value)))
    .map(({ part, name, value }) =>
      invalidValue(`${at}.resources.${part}[${name}]`, value, 'quantities must match the regular expression'),
    );
}

function checkVolumes({ volumes = [], restartPolicy }: V1PodSpec, path: string): StatusCause[] {
  const unspecified = volumes.flatMap(({ name: _name, ...source }, index) =>
    Object.keys(source).length === 1 ? [] : [required(`${path}.volumes[${index}]`, 'must specify exactly one volume type')],
  );
  const policies = ['Always', 'OnFailure', 'Never'];
  const known = restartPolicy === undefined || policies.includes(restartPolicy);
  return known ? unspecified : [...unspecified, notSupported(`${path}.restartPolicy`, restartPolicy, policies)];
}
