import type { QueueName } from '@wcr/shared/contracts/queues';

/** What the board says of each queue. */
export const QUEUE_DESCRIPTIONS: Readonly<Record<QueueName, string>> = {
  clone: 'Makes clones: reach the source, copy tables and files, verify. One job a clone.',
  restore: 'Puts changes on live sites, one restore or rollback at a time on a site.',
  rollback: 'Rolls restores back, and removes restore points whose time is up: those wait as delayed jobs.',
  expire: 'Removes clones: one delayed job a clone for its expiry, one at once when it is deleted.',
  extend: 'Gives clones another expiry.',
  webhook: 'Tells receivers of the end of jobs: one job an event, tried for some hours.',
  sweep: 'Every minute, one at a time: makes reality match the records.',
};
