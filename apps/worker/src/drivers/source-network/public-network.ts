import { type LookupAddress, lookup as systemLookup } from 'node:dns';
import { once } from 'node:events';
import { isIP, type LookupFunction, connect as openSocket, type Socket } from 'node:net';
import { AppError } from '@wcr/shared/errors/app-error';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { isPrivateAddress } from './private-address.ts';

/** All addresses of a host. */
export type LookupAll = (host: string) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/** Reaches sources on the public internet only, so that nobody reads our own network by calling it a source. */
export type PublicNetwork = {
  /** Refuses private addresses at the moment of connecting: a name may change its address after it was checked. */
  readonly dispatcher: Dispatcher;
  /**
   * A line to a host, to the very address that was found to be public.
   * @throws AppError `source.invalid_url` for a private one; the system's error when there is no line
   */
  connect(host: string, port: number, signal: AbortSignal): Promise<Socket>;
  /** @throws AppError `source.invalid_url` when the host of an address is private. A host that isn't found passes. */
  assertPublic(url: string): Promise<void>;
};

export function createPublicNetwork(lookupAll: LookupAll = lookUp): PublicNetwork {
  const refusal = (): AppError => new AppError('source.invalid_url', { reason: 'it leads to a private network' });
  const lookup: LookupFunction = (host, options, callback) => {
    lookupAll(host).then(
      (found) => {
        const usable = found.filter(({ address, family }) => !isPrivateAddress(address) && fits(family, options.family));
        const [first] = usable;
        if (first === undefined) callback(refusal(), []);
        else if (options.all) callback(null, usable as LookupAddress[]);
        else callback(null, first.address, first.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
  const connect = buildConnector({ lookup });
  const guarded: typeof connect = (options, callback) => {
    // A host that is an address is never looked up.
    const host = bare(options.hostname);
    if (isIP(host) !== 0 && isPrivateAddress(host)) callback(refusal(), null);
    else connect(options, callback);
  };
  return {
    dispatcher: new Agent({ connect: guarded }),
    async connect(host, port, signal) {
      if (isIP(host) !== 0 && isPrivateAddress(host)) throw refusal();
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
      const host = bare(new URL(url).hostname);
      const found = isIP(host) !== 0 ? [{ address: host }] : await lookupAll(host).catch(() => []);
      if (found.some(({ address }) => isPrivateAddress(address))) throw refusal();
    },
  };
}

function lookUp(host: string): Promise<LookupAddress[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });
}

function fits(family: number, wanted: number | string | undefined): boolean {
  return !wanted || family === Number(String(wanted).replace('IPv', ''));
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
