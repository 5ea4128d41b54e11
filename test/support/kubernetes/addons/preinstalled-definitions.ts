import type { Fields } from '../storage/kube-object.ts';
import { ackDefinitions } from './ack-definitions.ts';
import { kroDefinitions } from './kro/kro-definitions.ts';
import { traefikDefinitions } from './traefik-definitions.ts';

/** The custom kinds that a cluster for clones has before anything of ours is installed. */
export const PREINSTALLED_DEFINITIONS: readonly Fields[] = [...traefikDefinitions, ...ackDefinitions, ...kroDefinitions];
