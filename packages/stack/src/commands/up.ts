import { stackLayout } from '../stack/stack-layout.ts';
import { startStack } from '../stack/start-stack.ts';

const layout = stackLayout(process.env);
const stack = await startStack({ layout, env: process.env, say: (line) => console.log(line) });
console.log(`
The API answers at ${stack.apiUrl} (reference: ${stack.apiUrl}/docs); its key is in ${layout.apiKey}.
Clones appear below ${stack.clonesUrl}. Logs: ${layout.run}. Stop with: ./dev down`);
