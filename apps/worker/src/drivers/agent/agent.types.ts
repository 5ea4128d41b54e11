import type { Frame } from '@wcr/shared/contracts/agent-frames';

export const TRANSPORTS = ['door', 'rest', 'rest-route', 'ajax', 'standalone'] as const;
export type TransportName = (typeof TRANSPORTS)[number];

/** How one site's agent is reached. */
export type AgentAddress = {
  readonly url: string;
  readonly transport: TransportName;
  readonly pairingKey: string;
  readonly httpAuth?: { readonly username: string; readonly password: string } | undefined;
};

/** Sends one signed request and hands out the answer's frames up to and including `E`. */
export type AgentClient = {
  /**
   * @param frames already encoded frames that follow the arguments
   * @throws AppError the agent's own code for an `X` frame; `agent.truncated` when the answer has no end;
   *         `source.died`… is decided by the caller, which knows which side it talks to
   */
  call(operation: string, args: object, options: { frames?: readonly Buffer[][]; signal: AbortSignal }): AsyncGenerator<Frame>;
};
