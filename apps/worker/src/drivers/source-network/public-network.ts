import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { once } from 'node:events';
import { isIP, type LookupFunction, connect as openSocket, type Socket } from 'node:net';
import type { SiteRules } from '@wcr/shared/network/site-rules';
import { Agent, buildConnector, type Dispatcher } from 'undici';

/** All addresses of a host. */
export type LookupAll = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** Reaches sites where the rules let them be, so that nobody reads our own network by calling it a source. */
export type PublicNetwork = {
  /** Asks for the addresses of a name once a line, judges all of them, and connects to one of these very addresses. */
  readonly dispatcher: Dispatcher;
  /**
   * A line to a host, to an address that the rules were asked about.
   * @throws AppError `source.address_refused`; the system's error when there is no line
   */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>;
  /**
   * Judges an address before anything is asked of it. A host that isn't found passes.
   * @throws AppError `source.address_refused`
   */
  assertPublic(url: string): Promise<void>;
};

export function createPublicNetwork(rules: SiteRules, lookupAll: LookupAll = lookUp): PublicNetwork {
  const lookup: LookupFunction = (host, options, callback) => {
    lookupAll(host)
      .then((found) => {
        rules.assertAddresses(host, addressesOf(found));
        const usable = found.filter(({ family }) => fits(family, options.family));
        const [first] = usable;
        if (first === undefined) throw Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' });
        return { usable, first };
      })
      .then(
        ({ usable, first }) =>
          options.all ? callback(null, usable as LookupAddress[]) : callback(null, first.address, first.family),
        (error: NodeJS.ErrnoException) => callback(error, []),
      );
  };
  const connect = buildConnector({ lookup });
  const guarded: typeof connect = (options, callback) => {
    try {
      // A host that is an address is never looked up.
      rules.assertHost(bare(options.hostname), portOf(options));
    } catch (error) {
      return callback(error as Error, null);
    }
    connect(options, callback);
  };
  return {
    dispatcher: new Agent({ connect: guarded }),
    async connect(host, port, signal) {
      rules.assertHost(host, port);
      const socket = openSocket({ host, port, lookup });
      // Whoever gets the line hears of its end; nobody may be there yet to hear of an error.
      socket.on('error', () => undefined);
      try {
        await once(socket, 'connect', { signal });
        return socket;
      } catch (error) {
        socket.destroy();
        throw error;
      }
    },
    async assertPublic(url) {
      const place = new URL(url);
      rules.assertPlace(place);
      const host = bare(place.hostname);
      if (isIP(host) === 0) rules.assertAddresses(host, addressesOf(await lookupAll(host).catch(() => [])));
    },
  };
}

function lookUp(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

function addressesOf(found: readonly { readonly address: string }[]): string[] {
  return found.map(({ address }) => address);
}

function fits(family: number, wanted: number | string | undefined): boolean {
  return !wanted || family === Number(String(wanted).replace('IPv', ''));
}

function portOf({ port, protocol }: buildConnector.Options): number {
  return Number(port) || (protocol === 'https:' ? 443 : 80);
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
