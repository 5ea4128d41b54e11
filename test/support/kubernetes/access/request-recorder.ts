import type { RequestFacts } from '../faults.ts';

/** Which rights somebody made use of. */
export type UsedRight = Pick<RequestFacts, 'verb' | 'group' | 'resource' | 'subresource'>;

/**
 * Remembers every request for objects by somebody known, allowed or not, in the order of arrival. An apply that makes an
 * object is there twice, for it takes two rights.
 */
export class RequestRecorder {
  #requests: RequestFacts[] = [];

  add(facts: RequestFacts): void {
    this.#requests.push(facts);
  }

  /** @param user of whom; all if not said */
  all(user?: string): readonly RequestFacts[] {
    return this.#requests.filter((facts) => user === undefined || facts.user === user);
  }

  /** Each right once, sorted. */
  rights(user?: string): UsedRight[] {
    const rights = this.all(user).map(({ verb, group, resource, subresource }) => ({ verb, group, resource, subresource }));
    return [...new Map(rights.map((right) => [JSON.stringify(right), right])).entries()].sort().map(([, right]) => right);
  }

  clear(): void {
    this.#requests = [];
  }
}
