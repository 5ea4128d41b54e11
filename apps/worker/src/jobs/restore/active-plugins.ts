/** The list in WordPress's option `active_plugins`. */
export type PluginLists = {
  readonly base: readonly string[];
  readonly clone: readonly string[];
  readonly target: readonly string[];
};

/**
 * The target's list with what was switched on and off in the clone since it was made.
 * @param isThere whether the plugin's file is on the target after the restore
 */
export function mergeActivePlugins(
  lists: PluginLists,
  isThere: (file: string) => boolean,
): { active: string[]; missing: string[] } {
  const { base, clone, target } = lists;
  const switchedOn = clone.filter((file) => !base.includes(file) && !target.includes(file));
  const switchedOff = new Set(base.filter((file) => !clone.includes(file)));
  const active = [...target.filter((file) => !switchedOff.has(file)), ...switchedOn.filter(isThere)].sort();
  return { active, missing: switchedOn.filter((file) => !isThere(file)) };
}

/** A list as PHP serializes it. */
export function serializeList(values: readonly string[]): Buffer {
  const members = values.map((value, index) => `i:${index};s:${Buffer.byteLength(value)}:"${value}";`);
  return Buffer.from(`a:${values.length}:{${members.join('')}}`);
}
