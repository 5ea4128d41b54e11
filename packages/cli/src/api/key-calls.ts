import { StoredKey } from '@wcr/shared/contracts/access';
import { z } from 'zod';
import type { HttpClient } from './http-client.ts';

export const KeyView = StoredKey.omit({ createdAt: true, expiresAt: true }).extend({
  from: z.string(),
  createdAt: z.string().optional(),
  expiresAt: z.string().optional(),
  lastUsedAt: z.string().optional(),
  lastUsedFrom: z.string().optional(),
});
export type KeyView = z.infer<typeof KeyView>;

const KeyMade = z.object({ key: z.string(), details: KeyView });

/** API keys; they need a key with the scope `admin`. */
export type KeyCalls = {
  list(): Promise<KeyView[]>;
  /** @returns the key itself, which cannot be read again. Not repeated by itself: a second one might be made */
  create(wanted: unknown): Promise<z.infer<typeof KeyMade>>;
  revoke(keyId: string): Promise<void>;
};

export function createKeyCalls(http: HttpClient): KeyCalls {
  return {
    list: async () => (await http.ask(z.object({ keys: z.array(KeyView) }), '/api/v1/keys')).keys,
    create: (body) => http.ask(KeyMade, '/api/v1/keys', { method: 'POST', body }),
    async revoke(keyId) {
      const answer = await http.send(`/api/v1/keys/${encodeURIComponent(keyId)}`, { method: 'DELETE', isRepeatable: false });
      await answer.text();
    },
  };
}
