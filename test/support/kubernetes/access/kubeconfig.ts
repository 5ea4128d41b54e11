import { dumpYaml } from '@kubernetes/client-node';

/** Who talks to which server. `certificate` (PEM) is the authority the server is trusted by. */
export type Connection = {
  readonly server: string;
  readonly certificate: string;
  readonly token: string;
  readonly user: string;
  readonly namespace?: string;
};

/** The content of a kubeconfig file with one context. */
export function writeKubeconfig({ server, certificate, token, user, namespace }: Connection): string {
  const name = 'stand-in';
  return dumpYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server, 'certificate-authority-data': Buffer.from(certificate).toString('base64') } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name, context: { cluster: name, user, ...(namespace === undefined ? {} : { namespace }) } }],
    'current-context': name,
  });
}
