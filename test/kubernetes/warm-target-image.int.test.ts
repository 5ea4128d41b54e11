import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCloneId } from '@wcr/shared/domain/clone-id';
import { renderIdentity } from '@wcr/worker/drivers/runtime/kubernetes/warm/identity';
import { describe, expect, it } from 'vitest';
import { startWaitingPod } from '../support/kubernetes/clone-pod-scene.ts';
import { canRunContainers } from '../support/kubernetes/pod-runner/run-container.ts';

const cloneId = createCloneId();
const url = `https://clones.example.com/${cloneId}`;
const identity = renderIdentity({ cloneId, url, tablePrefix: 'shop_' });
const SITE = {
  'index.php': '<?php echo json_encode( array( $_SERVER["WCR_CLONE_ID"], $_SERVER["HTTPS"], $_SERVER["REQUEST_URI"] ) );',
};
const SHOWN = [cloneId, 'on', `/${cloneId}/`];

describe.skipIf(!canRunContainers)('a pod that waits to be told whose clone it is', () => {
  it('is ready, answers its agent below any path, and shows nobody anything', async () => {
    await using waiting = await startWaitingPod();
    await waiting.pod.ready();
    expect(await waiting.served()).toBe('');
    for (const path of ['', `/${cloneId}`, '/at/some/place']) {
      expect([path, (await fetch(`${waiting.pod.url}${path}/.wcr/agent`, { method: 'POST' })).status]).toEqual([path, 401]);
    }
    waiting.writeSite(SITE);
    expect((await fetch(`${waiting.pod.url}/`)).status).toBe(503);
    expect(await waiting.readFacts('')).toMatchObject({ url: 'http://localhost', prefix: 'wp_' });
  });

  it('becomes the clone it is told to be, and refuses no request meanwhile', async () => {
    await using waiting = await startWaitingPod();
    await waiting.pod.ready();
    waiting.writeSite(SITE);
    await waiting.store(`/${cloneId}`).write({ name: 'identity', offset: 0, data: Buffer.from(identity) });
    const facts = [];
    while ((await waiting.served()) !== cloneId) facts.push(await waiting.readFacts(`/${cloneId}`));
    facts.push(await waiting.readFacts(`/${cloneId}`));
    for (const fact of facts) expect(fact).toMatchObject({ url, prefix: 'shop_' });
    await waiting.store(`/${cloneId}`).write({ name: 'visitors', offset: 0, data: Buffer.from('open') });
    expect(await (await fetch(`${waiting.pod.url}/${cloneId}/`)).json()).toEqual(SHOWN);
    // A process from before may be asked once more.
    for (const [path, method] of [
      ['/', 'GET'],
      ['/at/some/place/.wcr/agent', 'POST'],
    ] as const) {
      await expect.poll(() => fetch(waiting.pod.url + path, { method }).then((it) => it.status), { timeout: 60_000 }).toBe(404);
    }
    expect((await waiting.pod.stop()).code).toBe(0);
  });

  it('is the clone at once when its container starts again', async () => {
    await using first = await startWaitingPod();
    await first.pod.ready();
    await first.store('').write({ name: 'identity', offset: 0, data: Buffer.from(identity) });
    await first.pod.stop();
    await using again = await startWaitingPod({ folders: first.pod.folders });
    await again.pod.ready();
    expect(await again.served()).toBe(cloneId);
  });

  it.each([
    ['nothing', ''],
    ['half of one', identity.slice(0, -5)],
    ['the id of no clone', identity.replace(cloneId, 'clone-1')],
    ['an address with an instruction behind it', identity.replace(`${cloneId}\nprefix`, `${cloneId}"\nListen 81\nprefix`)],
    ['a prefix that is code', identity.replace('shop_', "');phpinfo();('")],
  ])('goes on waiting when it is told %s', async (_, text) => {
    await using waiting = await startWaitingPod();
    await waiting.pod.ready();
    await waiting.store('').write({ name: 'identity', offset: 0, data: Buffer.from(text) });
    expect(await waiting.readFacts('')).toMatchObject({ url: 'http://localhost', prefix: 'wp_' });
    await waiting.pod.stop();
    writeFileSync(join(waiting.pod.folders.run, 'identity.conf'), 'Define WCR_KNOWN\n');
    await using again = await startWaitingPod({ folders: waiting.pod.folders });
    await again.pod.ready();
    expect(await again.served()).toBe('');
  });
});
