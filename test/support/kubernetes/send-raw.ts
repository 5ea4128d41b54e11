import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Refusal } from './test-cluster.ts';

/** Posts a body that the client library would not let through. Resolves to the answer, whatever it is. */
export async function sendRaw(config: KubeConfig, path: string, body: string): Promise<Refusal> {
  const options = { method: 'POST', headers: { 'content-type': 'application/json' } };
  await config.applyToHTTPSOptions(options);
  const sent = request(new URL(path, config.getCurrentCluster()?.server), options);
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return JSON.parse(await text(response)) as Refusal;
}
