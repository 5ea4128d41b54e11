import type { ConfigDefinition } from '@wcr/shared/config/parse-env';
import { z } from 'zod';

/** Which pod the worker is; both come from the pod's own fields. */
export const podCostConfig = {
  podName: {
    env: 'WCR_POD_NAME',
    doc: 'Name of the worker’s pod, which then tells Kubernetes whether it is busy.',
    schema: z.string().optional(),
  },
  podNamespace: { env: 'WCR_POD_NAMESPACE', doc: 'Namespace of the worker’s pod.', schema: z.string().optional() },
} as const satisfies ConfigDefinition;
