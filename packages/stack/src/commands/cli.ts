import { existsSync, readFileSync } from 'node:fs';
import { stackLayout } from '../stack/stack-layout.ts';

// The command line, for the stack that runs on this machine. Its key is for its own address: whoever names another one, or
// brings a key along, gets neither.
const { apiUrl, apiKey } = stackLayout(process.env);
const isElsewhere = process.argv.some((argument) => argument.startsWith('--api-url'));

if (!isElsewhere && !process.env['WCR_API_KEY'] && existsSync(apiKey)) {
  process.env['WCR_API_KEY'] = readFileSync(apiKey, 'utf8');
  process.env['WCR_API_URL'] = readFileSync(apiUrl, 'utf8');
}

await import('@wcr/cli/main');
