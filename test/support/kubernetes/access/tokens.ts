import { randomBytes } from 'node:crypto';
import type { ObjectStore } from '../storage/object-store.ts';

/** Who a token speaks for. */
export type User = { readonly name: string; readonly groups: readonly string[] };

type Grant = {
  readonly user: User;
  readonly account?: { readonly namespace: string; readonly name: string; readonly uid: string };
  readonly expiresMs: number;
};

/** The tokens the server has given. A service account's are good while that very account exists. */
export class Tokens {
  readonly #grants = new Map<string, Grant>();
  readonly #store: ObjectStore;
  readonly #now: () => Date;

  constructor(store: ObjectStore, now: () => Date) {
    this.#store = store;
    this.#now = now;
  }

  /** A token of a user who may do everything. */
  grantAdmin(): string {
    const user = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
    return this.#grant({ user, expiresMs: Number.POSITIVE_INFINITY });
  }

  grantAccount(namespace: string, name: string, uid: string, expirySeconds: number): string {
    const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
    const user = { name: `system:serviceaccount:${namespace}:${name}`, groups };
    return this.#grant({ user, account: { namespace, name, uid }, expiresMs: this.#now().getTime() + expirySeconds * 1000 });
  }

  /** @param header the value of Authorization */
  authenticate(header: string | undefined): User | undefined {
    const token = /^Bearer (.+)$/i.exec(header ?? '')?.[1];
    const grant = token === undefined ? undefined : this.#grants.get(token);
    if (grant === undefined || grant.expiresMs <= this.#now().getTime()) return undefined;
    const { account, user } = grant;
    if (account === undefined) return user;
    const { namespace, name, uid } = account;
    return this.#store.read({ resource: '/serviceaccounts', namespace, name })?.metadata.uid === uid ? user : undefined;
  }

  #grant(grant: Grant): string {
    const token = randomBytes(24).toString('base64url');
    this.#grants.set(token, grant);
    return token;
  }
}
