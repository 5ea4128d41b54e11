import { CATALOGUE, type ErrorCode } from '@wcr/shared/errors/catalogue';

const NOUNS: Readonly<Record<string, string>> = {
  request: 'The request itself; nothing was enqueued.',
  route: 'There is no such call.',
  auth: 'The key, and what it may do.',
  key: 'The keys of the API, as an administrator makes and revokes them.',
  cli: 'The command line, before it has asked the service anything.',
  webhook: 'Telling others of the end of a job.',
  quota: 'What a key may have at a time.',
  rate: 'How often a key may ask.',
  queue: 'Redis, between the API and the workers.',
  events: 'Streams of events.',
  internal: 'Faults of ours.',
  job: 'One job: look at its log, `GET /api/v1/jobs/{id}/logs`.',
  secret: 'The sealed logins and keys of a job.',
  clone: 'One clone.',
  source: 'The site that is copied. Nothing is left of the clone, and the source is as it was.',
  target: 'The site a restore writes to, or where a clone is made. A restore that fails leaves its target as it was.',
  restore: 'One restore, or its rollback.',
  agent: 'What worker and plugin say to each other. Most of it is repeated by itself; it is a trouble when it stays.',
  runtime: 'What makes clones exist: the cluster, or the gateway of one machine.',
  browser: 'The browser that sets the plugin up.',
};

const HEAD = `# Troubleshooting, by error code

<!-- Written by \`pnpm docs:write\` from packages/shared/src/errors; edit those. -->

Every failure is \`{error: {code, message, hint, requestId}}\`, in an answer of the API as in a job. The code never changes its
meaning; the message tells the case; the request id is in the logs of API and workers. *Tried again* tells whether a job goes on by
itself: after a while, up to its number of attempts. Where nothing helps, look at the job's log and then at the worker's.
`;

/** The page of every error code, as Markdown: the nouns in the catalogue's order, each with its codes. */
export function renderTroubleshooting(): string {
  const codes = Object.keys(CATALOGUE) as ErrorCode[];
  const nouns = [...new Set(codes.map(nounOf))];
  const chapters = nouns.map((noun) => {
    const entries = codes.filter((code) => nounOf(code) === noun).map(renderEntry);
    return [`## ${noun}`, NOUNS[noun], ...entries].filter((part) => part !== undefined).join('\n\n');
  });
  return `${[HEAD.trimEnd(), ...chapters].join('\n\n')}\n`;
}

/** The nouns of the catalogue for which there is no sentence. */
export function nounsWithoutSentence(): string[] {
  const nouns = new Set((Object.keys(CATALOGUE) as ErrorCode[]).map(nounOf));
  return [...nouns].filter((noun) => NOUNS[noun] === undefined);
}

const nounOf = (code: ErrorCode): string => code.slice(0, code.indexOf('.'));

function renderEntry(code: ErrorCode): string {
  const { status, retryable, message, hint } = CATALOGUE[code];
  const again = retryable ? 'tried again' : 'final';
  return `### \`${code}\`\n\n${status}, ${again}. ${shown(message)}\n\n**What to do:** ${shown(hint)}`;
}

/** \`{field}\` stands for a value of the case. */
function shown(text: string): string {
  return text.replaceAll(/\{(\w+)\}/g, '*$1*').replaceAll('<', '&lt;');
}
