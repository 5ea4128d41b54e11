import { ACCESS_ERRORS } from './access-errors.ts';
import { CLI_ERRORS } from './cli-errors.ts';
import { type Entry, entry } from './entry.ts';
import { SITE_ACCESS_ERRORS } from './site-access-errors.ts';
import { WEBHOOK_ERRORS } from './webhook-errors.ts';

/**
 * Every failure that has a name. `status` is the HTTP status where the API answers with it (jobs carry it too, for
 * clients that show both alike); `retryable` tells the engine whether another attempt may help.
 */
export const CATALOGUE = {
  'request.invalid': entry(400, false, 'The request is not valid: {reason}', 'Compare the body with /openapi.json.'),
  'request.too_large': entry(413, false, 'The request body is larger than {limitBytes} bytes.', 'Send a smaller body.'),
  'request.not_json': entry(
    415,
    false,
    'The request body is not JSON.',
    'Send Content-Type: application/json and a JSON object.',
  ),
  'request.idempotency_conflict': entry(
    409,
    false,
    'This Idempotency-Key was used with another body.',
    'Use a new Idempotency-Key for a different request.',
  ),
  'route.not_found': entry(404, false, 'There is nothing at {path}.', 'See /docs for the calls there are.'),
  'route.method_not_allowed': entry(405, false, '{path} does not take {method}.', 'It takes {allowed}; see /docs.'),
  ...ACCESS_ERRORS,
  ...CLI_ERRORS,
  ...WEBHOOK_ERRORS,
  'queue.unavailable': entry(
    503,
    true,
    'The queue cannot be reached right now; nothing was lost.',
    'Repeat the same request with the same Idempotency-Key in a few seconds.',
  ),
  'events.too_many': entry(
    429,
    true,
    'Too many event streams are open.',
    'Close one, or ask for the job’s state from time to time.',
  ),
  'internal.unexpected': entry(
    500,
    true,
    'Something went wrong on our side.',
    'Try again; if it stays, give the operator the request id.',
  ),
  'job.not_found': entry(404, false, 'There is no job {jobId}.', 'Jobs are kept for a limited time after they end.'),
  'job.cancelled': entry(409, false, 'The job was cancelled.', 'Start a new one when you are ready.'),
  'job.not_cancellable': entry(409, false, 'The job has already ended.', 'Only a waiting or running job can be cancelled.'),
  'job.not_retryable': entry(409, false, 'Only a failed job can be tried again.', 'Read the job to see its state.'),
  'job.not_promotable': entry(
    409,
    false,
    'Only a job that waits for its next attempt can be brought forward.',
    'Jobs that wait for a time of their own do so for a reason: an expiry, the end of a restore point.',
  ),
  'job.lock_lost': entry(409, true, 'Another worker took over the job.', 'Nothing to do: the job goes on there.'),
  'job.invalid_payload': entry(
    400,
    false,
    'The job cannot be read: {reason}',
    'It was probably queued by another version; start a new one.',
  ),
  'job.stalled': entry(
    500,
    false,
    'The job was lost by its workers too often.',
    'Look at the workers’ memory and logs, then try again.',
  ),
  'job.time_exceeded': entry(
    504,
    false,
    'The job ran longer than {minutes} minutes.',
    'Exclude large folders, or let the operator raise WCR_JOB_BUDGET_MINUTES.',
  ),
  'job.definition_invalid': entry(
    500,
    false,
    'The job is programmed wrongly: {reason}',
    'This is a fault of ours; please report it.',
  ),
  'secret.missing': entry(
    410,
    false,
    'The sealed secrets of this job are gone.',
    'They live for a limited time only; start a new job.',
  ),
  'secret.unreadable': entry(
    500,
    false,
    'The sealed secrets of this job cannot be opened.',
    'API and workers must share WCR_SECRETS_KEY.',
  ),

  'clone.not_found': entry(
    404,
    false,
    'There is no clone {cloneId}.',
    'It may have expired; list the clones to see what there is.',
  ),
  'clone.not_ready': entry(409, false, 'The clone {cloneId} is not ready (it is {status}).', 'Wait until its status is ready.'),
  'clone.ended': entry(409, false, 'The clone {cloneId} has ended (it is {status}).', 'Make a new clone.'),
  'clone.credentials_missing': entry(
    503,
    true,
    'The login of the clone {cloneId} is being written again.',
    'Ask again in a minute; the sweeper renews it.',
  ),
  'clone.login_links_unsupported': entry(
    409,
    false,
    'The clone {cloneId} was made before there were login links.',
    'Sign in with its user name and password, or make a new clone.',
  ),
  'clone.verify_failed': entry(
    502,
    true,
    'The clone did not pass its checks: {reason}',
    'See the job’s log; the clone was removed.',
  ),

  ...SITE_ACCESS_ERRORS,
  'source.died': entry(
    502,
    false,
    'The source stopped answering in the middle: {reason}',
    'Check the site, then ask for a new clone; WCR_PATIENCE_SECONDS tells how long a silence may last.',
  ),
  'source.row_too_large': entry(
    422,
    false,
    'A row of {table} is larger ({bytes} bytes) than the clone’s database accepts.',
    'Raise max_allowed_packet on the clone’s database.',
  ),
  'source.database_unsupported': entry(
    422,
    false,
    'The source’s database cannot be copied: {reason}',
    'See the job’s log for the table.',
  ),

  'target.disk_full': entry(507, false, 'The target has no room: {reason}', 'Free disk space, or exclude large folders.'),
  'target.database_failed': entry(502, true, 'The target’s database refused: {reason}', 'See the job’s log.'),
  'target.rights_missing': entry(
    403,
    false,
    'The target’s database user lacks rights: {reason}',
    'Grant them, or use another user.',
  ),
  'target.not_writable': entry(
    403,
    false,
    'The target’s folder is not writable: {path}',
    'Correct the owner or mode of the folder.',
  ),

  'target.locked': entry(
    409,
    true,
    'The target’s database keeps a table locked: {reason}',
    'Something else (a backup, a long query) holds it; nothing was changed. It is tried again.',
  ),
  'target.died': entry(
    502,
    true,
    'The target stopped answering: {reason}',
    'Check the site; the restore goes on, or back, as soon as it answers.',
  ),
  'target.changed': entry(
    409,
    true,
    'The target changed while the restore was prepared: {reason}',
    'Nothing was written; the sites are compared again.',
  ),

  'target.restored_since': entry(
    409,
    false,
    'The target was restored again since.',
    'Roll the later restore back first; what it changed would be mixed with what this one brings back.',
  ),

  'restore.not_found': entry(404, false, 'There is no restore {restoreId}.', 'Restores are kept for 30 days after they end.'),
  'restore.target_changed': entry(
    409,
    false,
    'The target has changed since the clone was made, and {count} of these changes would be lost: {what}',
    'Nothing was written. Look at the report; to overwrite them, restore again with overwriteTargetChanges: true.',
  ),
  'restore.core_older': entry(
    409,
    false,
    'The target’s WordPress {target} is older than the clone’s {clone}.',
    'Update WordPress on the target first; nothing was written.',
  ),
  'restore.layout_differs': entry(
    422,
    false,
    'The sites cannot be matched: {reason}',
    'Both must be single WordPress sites with the same folders.',
  ),
  'restore.verify_failed': entry(
    502,
    false,
    'The restored site did not pass its checks and was rolled back: {reason}',
    'The site is as it was before. See the job’s log.',
  ),
  'restore.no_restore_point': entry(
    409,
    false,
    'The restore {restoreId} cannot be rolled back: {reason}',
    'A restore point lives for a limited time and ends with a rollback.',
  ),
  'restore.rollback_conflict': entry(
    409,
    false,
    'The restore point does not fit what the site holds now: {reason}',
    'The site stays as restored. Remove the row in the way, then roll back again.',
  ),

  'agent.malformed': entry(
    400,
    true,
    'The agent’s message is malformed: {reason}',
    'A proxy or plugin changes the answers; see the job’s log.',
  ),
  'agent.truncated': entry(502, true, 'The agent’s answer was cut off.', 'The slice is asked for again.'),
  'agent.too_large': entry(413, false, 'The request is larger than the agent takes.', 'Raise post_max_size on the site.'),
  'agent.clock_skew': entry(
    401,
    true,
    'The clocks of worker and site differ by more than five minutes (site: {siteTime}).',
    'Correct the clock of the site or the worker.',
  ),
  'agent.signature_rejected': entry(401, false, 'The agent rejected the signature.', 'Copy the pairing key again.'),
  'agent.replayed': entry(401, true, 'The agent has seen this request before.', 'The request is signed again and repeated.'),
  'agent.unknown_operation': entry(400, false, 'The agent does not know the operation {operation}.', 'Update the plugin.'),
  'agent.invalid_arguments': entry(
    400,
    false,
    'The agent cannot use the arguments: {reason}',
    'Worker and plugin versions differ; update both.',
  ),
  'agent.path_refused': entry(400, false, 'The agent refuses the path {path}.', 'Paths must stay inside the site.'),
  'agent.sequence_gap': entry(409, true, 'The agent missed a part of {table}.', 'The table is copied again.'),
  'agent.table_restart': entry(409, true, 'The state of {table} is in doubt.', 'The table is copied again.'),
  'agent.session_unknown': entry(404, true, 'The agent does not know the session.', 'The copy starts again.'),
  'agent.failed': entry(500, true, 'The agent failed: {reason}', 'See the PHP error log of the site.'),

  'runtime.failed': entry(500, true, 'The runtime could not make the clone: {reason}', 'See the worker’s log.'),
  'runtime.gateway_unreachable': entry(
    503,
    true,
    'The gateway does not answer.',
    'Start it: ./dev up, or see docs/operations.md.',
  ),
  'runtime.cluster_unreachable': entry(
    503,
    true,
    'The cluster’s API does not answer: {reason}',
    'Look whether the control plane is up and the worker may reach it.',
  ),
  'runtime.cluster_forbidden': entry(
    500,
    false,
    'The cluster does not let the worker do that: {reason}',
    'Compare the Role of the worker’s service account with deploy/base, see docs/operations.md.',
  ),
  'runtime.quota_exceeded': entry(
    503,
    true,
    'The cluster has no room for another clone: {reason}',
    'Delete clones, or raise the quota of their namespace.',
  ),
  'runtime.not_starting': entry(
    504,
    true,
    'The clone’s pod did not become ready: {reason}',
    'See kubectl describe pod; image, nodes and database are the usual reasons.',
  ),
  'runtime.database_failed': entry(
    500,
    false,
    'The clone’s database could not be made: {reason}',
    'See the DBInstance’s conditions; ACK says there what is wrong.',
  ),
  'browser.unavailable': entry(
    503,
    false,
    'No browser could be started: {reason}',
    'Set WCR_BROWSER_PATH or WCR_BROWSER_ENDPOINT.',
  ),
  'browser.timeout': entry(504, true, 'A page of wp-admin did not load in time: {page}', 'The site may be slow; try again.'),
} as const satisfies Record<string, Entry>;

export type ErrorCode = keyof typeof CATALOGUE;
