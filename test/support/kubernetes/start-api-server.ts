import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { createCertificate } from './access/certificate.ts';
import { writeKubeconfig } from './access/kubeconfig.ts';
import { RequestRecorder } from './access/request-recorder.ts';
import { Tokens } from './access/tokens.ts';
import { createAckController, type DatabaseOutcome } from './addons/ack-controller.ts';
import { kroControllers } from './addons/kro/kro-controllers.ts';
import { PREINSTALLED_DEFINITIONS } from './addons/preinstalled-definitions.ts';
import { admitNamespace } from './admission/admit-namespace.ts';
import { admitQuota } from './admission/admit-quota.ts';
import { admitSecurity } from './admission/admit-security.ts';
import { assignFields } from './admission/assign-fields.ts';
import { Actor, type Controller, ControllerManager } from './controllers/controller.ts';
import { deploymentController } from './controllers/deployment-controller.ts';
import { garbageCollector } from './controllers/garbage-collector.ts';
import { jobController } from './controllers/job-controller.ts';
import { namespaceController } from './controllers/namespace-controller.ts';
import { claimController, definitionController, ingressController, quotaController } from './controllers/object-controllers.ts';
import { replicaSetController } from './controllers/replica-set-controller.ts';
import { Faults } from './faults.ts';
import { handleRequest } from './http/handle-request.ts';
import { BUILTIN_KINDS } from './kinds/builtin-kinds.ts';
import { KindRegistry } from './kinds/kind.ts';
import { Node } from './node/node.ts';
import { type PodRunner, readyPodRunner } from './node/pod-runner.ts';
import type { Fields } from './storage/kube-object.ts';
import { ObjectStore } from './storage/object-store.ts';
import type { Machinery } from './verbs/machinery.ts';

export type ApiServerOptions = {
  /** The time the server goes by. */
  readonly now?: () => Date;
  readonly podRunner?: PodRunner;
  /** How long a container that ended waits for its next start; as on a real node if not said. */
  readonly restartDelayMs?: (restarts: number) => number;
  /** What becomes of databases that ACK is asked for; pending for ever if not said. */
  readonly databaseOutcome?: DatabaseOutcome;
};

/** A Kubernetes API server of one process, on loopback only, with the controllers of a cluster and one node. */
export type ApiServer = AsyncDisposable & {
  /** `https://127.0.0.1:<port>` */
  readonly url: string;
  /** The content of a kubeconfig file of somebody who may do everything. */
  readonly kubeconfig: string;
  /** The content of a kubeconfig file of a service account, which must exist. */
  kubeconfigFor(account: { readonly namespace: string; readonly name: string }): string;
  readonly requests: RequestRecorder;
  readonly faults: Faults;
  /** Forgets the history: watches and lists from before are told 410. */
  compact(): void;
  /** Installs a CustomResourceDefinition; its kind is served when this returns. */
  registerKind(definition: Fields): void;
  /** For pods that are started from now on. */
  setPodRunner(runner: PodRunner): void;
  setDatabaseOutcome(outcome: DatabaseOutcome): void;
};

/** Starts a server with the namespaces of a fresh cluster. Disposing fails if one of its controllers did. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const now = options.now ?? (() => new Date());
  const store = new ObjectStore();
  const machinery: Machinery = {
    ...{ store, now, kinds: new KindRegistry(BUILTIN_KINDS) },
    admissions: [admitNamespace, assignFields, admitSecurity, admitQuota],
  };
  const tokens = new Tokens(store, now);
  const issueToken = (namespace: string, name: string, expirySeconds: number) => {
    const uid = store.read({ resource: '/serviceaccounts', namespace, name })?.metadata.uid ?? '';
    return tokens.grantAccount(namespace, name, uid, expirySeconds);
  };
  const restartDelayMs = options.restartDelayMs ?? backOff;
  const node = new Node(options.podRunner ?? readyPodRunner, { hostIp: '127.0.0.1', issueToken, restartDelayMs });
  const ack = createAckController(options.databaseOutcome);
  const manager = new ControllerManager(machinery);
  for (const controller of [...CONTROLLERS, ...kroControllers(), ack.controller, node]) manager.run(controller);
  furnish(machinery);

  const [faults, requests] = [new Faults(), new RequestRecorder()];
  const readLog = node.readLog.bind(node);
  const around = { machinery, tokens, faults, recorder: requests, readLog };
  const { key, certificate } = createCertificate();
  const server = createServer({ key, cert: certificate }, (request, response) => void handleRequest(around, request, response));
  const sockets = trackSockets(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    ...{ url, requests, faults },
    kubeconfig: writeKubeconfig({ server: url, certificate, token: tokens.grantAdmin(), user: 'kubernetes-admin' }),
    kubeconfigFor({ namespace, name }) {
      const token = issueToken(namespace, name, 24 * 3600);
      return writeKubeconfig({ server: url, certificate, token, user: name, namespace });
    },
    compact: () => store.compact(),
    registerKind: (definition) => install(machinery, definition),
    setPodRunner: (runner) => node.setRunner(runner),
    setDatabaseOutcome: ack.setOutcome,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
      await node.stopAll();
      manager.stop();
    },
  };
}

const CONTROLLERS: readonly Controller[] = [
  ...[definitionController, namespaceController, garbageCollector, deploymentController, replicaSetController, jobController],
  ...[claimController, ingressController, quotaController],
];

/** At once, then after ten seconds, and twice as long each time up to five minutes. */
function backOff(restarts: number): number {
  return restarts === 0 ? 0 : Math.min(10_000 * 2 ** (restarts - 1), 300_000);
}

function furnish(machinery: Machinery): void {
  const actor = new Actor(machinery, 'kube-apiserver');
  for (const name of ['default', 'kube-system', 'kube-public', 'kube-node-lease'])
    actor.create('/namespaces', '', { metadata: { name } });
  for (const definition of PREINSTALLED_DEFINITIONS) install(machinery, definition);
}

function install(machinery: Machinery, definition: Fields): void {
  const actor = new Actor(machinery, 'kube-apiserver');
  const object = actor.create('apiextensions.k8s.io/customresourcedefinitions', '', definition);
  // Whoever installs a kind this way wants to use it right away.
  definitionController.reconcile(
    { resource: 'apiextensions.k8s.io/customresourcedefinitions', namespace: '', name: object.metadata.name },
    actor,
  );
}

function trackSockets(server: Server): Set<Duplex> {
  const sockets = new Set<Duplex>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return sockets;
}
