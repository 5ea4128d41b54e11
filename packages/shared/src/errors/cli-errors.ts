import { type Entry, entry } from './entry.ts';

/** What the command line says itself; everything else it repeats after the API. */
export const CLI_ERRORS = {
  'cli.usage': entry(400, false, '{reason}', 'See clone-restore --help.'),
  'cli.unreachable': entry(
    503,
    true,
    'The service at {url} does not answer: {reason}',
    'Check the address (--api-url, or WCR_API_URL) and that the service is up.',
  ),
  'cli.unexpected_answer': entry(
    502,
    false,
    'What answers at {url} is not the API: {reason}',
    'Check the address (--api-url, or WCR_API_URL); a proxy in between may have answered.',
  ),
  'cli.interrupted': entry(499, false, 'Interrupted. {what}', '{next}'),
} as const satisfies Record<string, Entry>;
