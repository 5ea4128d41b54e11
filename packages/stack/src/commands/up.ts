import { stackLayout } from '../stack/stack-layout.ts';
import { startStack } from '../stack/start-stack.ts';

const layout = stackLayout(process.env);
const stack = await startStack({ layout, env: process.env, say: (line) => console.log(line) });
console.log(`
Open ${stack.apiUrl} in a browser and sign in with the key in ${layout.apiKey}. Calls: ${stack.apiUrl}/docs.
Clones appear below ${stack.clonesUrl}. Logs: ${layout.run}. Stop with: ./dev down`);
