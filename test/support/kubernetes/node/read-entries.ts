import type { ObjectStore } from '../storage/object-store.ts';

/** The entries of a Secret or ConfigMap; `undefined` if it is not there. */
export function readEntries(
  store: ObjectStore,
  namespace: string,
  type: 'secret' | 'configmap',
  name: string,
): Record<string, Buffer> | undefined {
  const object = store.read({ resource: `/${type}s`, namespace, name });
  if (object === undefined) return undefined;
  const { data = {}, binaryData = {} } = object as { data?: Record<string, string>; binaryData?: Record<string, string> };
  const decode = (fields: Record<string, string>, encoding: BufferEncoding) =>
    Object.entries(fields).map(([key, value]) => [key, Buffer.from(value, encoding)]);
  return Object.fromEntries([...decode(data, type === 'secret' ? 'base64' : 'utf8'), ...decode(binaryData, 'base64')]);
}
