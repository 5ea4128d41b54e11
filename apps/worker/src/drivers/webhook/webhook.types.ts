/** Sends one webhook and tells the status of the answer. Redirects are not followed. */
export type SendWebhook = (webhook: {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
}) => Promise<number>;
