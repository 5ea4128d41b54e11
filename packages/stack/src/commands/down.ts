import { stackLayout } from '../stack/stack-layout.ts';
import { stopStack } from '../stack/start-stack.ts';

const stopped = await stopStack({ layout: stackLayout(process.env), say: (line) => console.log(line) });
if (stopped.length === 0) console.log('Nothing was running.');
