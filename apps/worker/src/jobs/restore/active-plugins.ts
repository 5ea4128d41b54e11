/** The list in WordPress's option `active_plugins`, in its order. */
export type PluginLists = {
  readonly base: readonly string[];
  readonly clone: readonly string[];
  readonly target: readonly string[];
};

/** Without it nobody reaches the target any more. */
const OWN_PLUGIN = /^wp-clone-restore\//;

/**
 * The target's list with what was switched on and off in the clone since it was made. In the target's order, which may be one on
 * purpose; WordPress sorts it only when something is switched on.
 * @param isThere whether the plugin's file is on the target after the restore
 */
export function mergeActivePlugins(
  lists: PluginLists,
  isThere: (file: string) => boolean,
): { active: string[]; missing: string[] } {
  const { base, clone, target } = lists;
  const switchedOn = clone.filter((file) => !base.includes(file) && !target.includes(file));
  const switchedOff = new Set(base.filter((file) => !clone.includes(file) && !OWN_PLUGIN.test(file)));
  const kept = target.filter((file) => !switchedOff.has(file));
  const coming = switchedOn.filter(isThere);
  return {
    active: coming.length === 0 ? kept : [...kept, ...coming].sort(),
    missing: switchedOn.filter((file) => !isThere(file)),
  };
}

/** A list as PHP serializes it. */
export function serializeList(values: readonly string[]): Buffer {
  const members = values.map((value, index) => `i:${index};s:${Buffer.byteLength(value)}:"${value}";`);
  return Buffer.from(`a:${values.length}:{${members.join('')}}`);
}

/** The members of a list of file names that PHP serialized. */
export function readList(serialized: Buffer): string[] {
  return Array.from(serialized.toString('utf8').matchAll(/s:\d+:"([^"]+)";/g), ([, file = '']) => file);
}
