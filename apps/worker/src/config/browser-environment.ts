/** What a browser needs of the world; every other variable is the worker's own, secrets among them. */
const NEEDED = /^(PATH|HOME|TMPDIR|LANG|LC_[A-Z]+|XDG_[A-Z_]+)$/;

/** The variables a browser is started with. It shows pages of strangers, so it must not know what the worker knows. */
export function browserEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Record<string, string> {
  const needed = Object.entries(env).filter(
    (entry): entry is [string, string] => NEEDED.test(entry[0]) && entry[1] !== undefined,
  );
  return Object.fromEntries(needed);
}
