/** One named failure; see `CATALOGUE`. */
export type Entry = { readonly status: number; readonly retryable: boolean; readonly message: string; readonly hint: string };

export function entry(status: number, retryable: boolean, message: string, hint: string): Entry {
  return { status, retryable, message, hint };
}
