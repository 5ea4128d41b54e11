import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a network does to the bytes that pass it. */
export type NetworkFault =
  /** Every piece waits, in both directions. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** The answer ends, politely or with a reset, after so many bytes of it on a connection. */
  | { readonly kind: 'truncated' | 'reset'; readonly afterBytes: number }
  /** Nothing passes any more, and nobody is told. */
  | { readonly kind: 'half-open' };

/** A TCP relay on loopback that can be made to misbehave. */
export type FaultProxy = AsyncDisposable & {
  readonly port: number;
  /** From now on, for the connections that there are and for new ones. */
  impose(fault: NetworkFault): void;
  /**
   * New connections work again.
   * @param peersAreTold whether half-open ones are reset, as by a peer that has rebooted; else they stay silent for ever
   */
  heal(peersAreTold?: boolean): void;
};

/** Two ends of a connection, and what has become of it. */
type Line = { readonly client: Socket; upstream?: Socket; answered: number; isHalfOpen: boolean };

/** @param target port of 127.0.0.1 that is relayed to; it may come and go */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const lines = new Set<Line>();
  const state: { fault?: NetworkFault | undefined } = {};
  const server = createServer((client) => {
    const line: Line = { client, answered: 0, isHalfOpen: false };
    lines.add(line);
    client.on('error', () => undefined);
    client.once('close', () => {
      lines.delete(line);
      if (!line.isHalfOpen) line.upstream?.destroy();
    });
    line.upstream = connectTo(target, line);
    void relay({ line, from: client, to: line.upstream, fault: () => state.fault });
    void relay({ line, from: line.upstream, to: client, fault: () => state.fault });
  });
  const port = await listen(server);
  return {
    port,
    impose(fault) {
      state.fault = fault;
      if (fault.kind === 'half-open') for (const line of lines) line.isHalfOpen = true;
    },
    heal(peersAreTold = true) {
      state.fault = undefined;
      for (const line of lines) if (line.isHalfOpen && peersAreTold) tear(line);
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const line of lines) tear(line);
    },
  };
}

function connectTo(port: number, line: Line): Socket {
  const upstream = connect(port, '127.0.0.1');
  upstream.on('error', () => undefined);
  upstream.once('close', () => {
    if (!line.isHalfOpen) line.client.destroy();
  });
  return upstream;
}

type Relay = { readonly line: Line; readonly from: Socket; readonly to: Socket; fault(): NetworkFault | undefined };

/** Passes on what comes until one end is gone, each piece as the network is at that moment. */
async function relay({ line, from, to, fault }: Relay): Promise<void> {
  try {
    for await (const piece of from) {
      const passed = await suffer(line, piece as Buffer, from === line.upstream, fault());
      if (passed === undefined) continue;
      if (!to.write(passed)) await once(to, 'drain');
    }
    if (!line.isHalfOpen) to.end();
  } catch {
    // Whoever broke the connection has told the other end, or is meant not to.
    if (!line.isHalfOpen) to.destroy();
  }
}

/** What a fault leaves of a piece; undefined when it never arrives. */
async function suffer(line: Line, piece: Buffer, isAnswer: boolean, fault?: NetworkFault): Promise<Buffer | undefined> {
  if (line.isHalfOpen || fault?.kind === 'half-open') {
    line.isHalfOpen = true;
    return undefined;
  }
  if (fault?.kind === 'slow') await sleep(fault.delayMs);
  if (!isAnswer) return piece;
  line.answered += piece.length;
  if (fault === undefined || fault.kind === 'slow' || line.answered <= fault.afterBytes) return piece;
  const room = Math.max(0, piece.length - (line.answered - fault.afterBytes));
  if (fault.kind === 'reset') line.client.resetAndDestroy();
  else line.client.end(piece.subarray(0, room));
  line.upstream?.destroy();
  return undefined;
}

function tear({ client, upstream }: Line): void {
  client.resetAndDestroy();
  upstream?.destroy();
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return address.port;
}
