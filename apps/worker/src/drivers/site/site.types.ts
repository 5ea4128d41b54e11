import type { Dispatcher } from 'undici';

export type ProbeRequest = {
  /** Site address as the user gave it; a scheme may be missing. */
  readonly url: string;
  /** The login page's address when the user knows it. */
  readonly loginUrl?: string | undefined;
  readonly httpAuth?: { readonly username: string; readonly password: string } | undefined;
  readonly signal: AbortSignal;
};

export type ProbedSite = {
  /** The real address of the site after redirects, without trailing slash. */
  readonly homeUrl: string;
  /** Root of the REST API as the site announces it and answers with JSON; null when it is blocked. */
  readonly restRoot: string | null;
  /** A page that shows the login form or refuses to; undefined when it is nowhere to be found. */
  readonly loginUrl: string | undefined;
  /** The REST index announces our agent: the plugin is active. False says nothing when `restRoot` is null. */
  readonly agentPresent: boolean;
};

export type ProbeOptions = {
  readonly dispatcher?: Dispatcher;
  /** Longest wait for one answer, its body included. */
  readonly timeoutMs?: number;
};

/** Looks at a site from outside over plain HTTP, in a few bounded requests, before anything dearer is tried. */
export type SiteProbe = (request: ProbeRequest) => Promise<ProbedSite>;
