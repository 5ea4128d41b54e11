import { isIP } from 'node:net';
import { AppError } from '../errors/app-error.ts';
import type { NetworkNames } from './network-names.ts';
import { isPublicAddress } from './public-address.ts';

/**
 * Endings of names that are nobody's on the internet (RFC 6761, 6762, 8375, ICANN's `internal`), and those under which
 * Kubernetes knows its services.
 */
const PRIVATE_ENDINGS = ['localhost', 'local', 'localdomain', 'internal', 'intranet', 'home.arpa', 'svc', 'default'];

/** Ports on which no website is, but something that might take a request for one of its own (the Fetch standard's list). */
const REFUSED_PORTS: ReadonlySet<number> = new Set([
  ...[0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109, 110],
  ...[111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540],
  ...[548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6379],
  ...[6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080, 11211],
]);

/** Where sites may be: on the public internet, and where the operator says. One object for API and workers. */
export type SiteRules = {
  /**
   * Judges what can be seen without asking a DNS.
   * @param url http or https
   * @throws AppError `source.address_refused`
   */
  assertPlace(url: URL): void;
  /** @throws AppError `source.address_refused` for a name or address (without brackets) or a port that no site may have. */
  assertHost(host: string, port: number): void;
  /** True where the operator has opened the host by its name or address, though it may be private. Asks no DNS. */
  isOpened(url: URL): boolean;
  /** @throws AppError `source.address_refused` unless `host` may be at all of the addresses that its name leads to. */
  assertAddresses(host: string, addresses: readonly string[]): void;
};

export type SiteRulesOptions = {
  /** What may be reached though it is private. */
  readonly allowed: NetworkNames;
  /** What may not be reached though it is public: wins over `allowed`. */
  readonly refused: NetworkNames;
};

export function createSiteRules({ allowed, refused }: SiteRulesOptions): SiteRules {
  function assertHost(givenHost: string, port: number): void {
    const host = plain(givenHost);
    if (refused.hasName(host)) throw refusal('the operator has closed this host');
    const isAllowed = allowed.hasName(host);
    if (REFUSED_PORTS.has(port)) throw refusal(`no website is at port ${port}`);
    if (isIP(host) !== 0) assertAddresses(host, [host]);
    else if (!isAllowed && isPrivateName(host)) throw refusal('its name belongs to a private network');
  }

  function assertAddresses(givenHost: string, addresses: readonly string[]): void {
    const isAllowed = allowed.hasName(plain(givenHost));
    for (const address of addresses) {
      if (refused.hasAddress(address)) throw refusal('the operator has closed its network');
      // One private address among public ones is enough: which of them is taken is not ours to say.
      if (!isAllowed && !isPublicAddress(address) && !allowed.hasAddress(address)) throw refusal('it leads to a private network');
    }
  }

  return {
    assertPlace: (url) => assertHost(bareHost(url), portOf(url)),
    isOpened: (url) => allowed.hasName(plain(bareHost(url))) || (isIP(bareHost(url)) !== 0 && allowed.hasAddress(bareHost(url))),
    assertHost,
    assertAddresses,
  };
}

function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '');
}

function isPrivateName(host: string): boolean {
  return !host.includes('.') || PRIVATE_ENDINGS.some((ending) => host.endsWith(`.${ending}`));
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'http:' ? 80 : 443;
}

/** A name may be written with the root's dot at its end. */
function plain(host: string): string {
  return host.toLowerCase().replace(/\.+$/, '');
}

function refusal(reason: string): AppError {
  return new AppError('source.address_refused', { reason });
}
