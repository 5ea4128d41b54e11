import type { CloneStatus } from '@wcr/shared/contracts/clone-record';
import type { RestoreStatus } from '@wcr/shared/contracts/restore';
import type { JobStatus } from '../../queue/read-job.ts';
import { inWords } from './format.ts';
import { type Html, html } from './html.ts';

type Status = CloneStatus | RestoreStatus | JobStatus;
type Tone = 'calm' | 'busy' | 'good' | 'bad';

const TONES: Readonly<Record<Status, Tone>> = {
  queued: 'calm',
  waiting: 'calm',
  delayed: 'calm',
  expired: 'calm',
  cancelled: 'calm',
  'rolled-back': 'calm',
  provisioning: 'busy',
  copying: 'busy',
  expiring: 'busy',
  running: 'busy',
  'rolling-back': 'busy',
  active: 'busy',
  ready: 'good',
  completed: 'good',
  failed: 'bad',
};

/** The status of a clone, restore or job, in a word and a colour. */
export function badge(status: Status): Html {
  return html`<span class="badge ${TONES[status]}">${inWords(status)}</span>`;
}

/** The same of something that goes on: the script asks for it anew at each step. @param id of the element */
export function freshBadge(status: Status, id = 'status'): Html {
  return html`<span id="${id}" data-fresh>${badge(status)}</span>`;
}
