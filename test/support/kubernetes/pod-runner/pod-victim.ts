import { runClonePod } from './run-clone-pod.ts';

// A process of its own that runs a pod and is killed by a test; it says the pod's address.
const pod = await runClonePod({ env: { WCR_CLONE_ID: 'clone-20260101-000000-abcd' }, agentConfig: '<?php return array();' });
process.stdout.write(pod.url);
await pod.exited;
