import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../stack/stack-layout.ts';
import { renderTroubleshooting } from './troubleshooting.ts';

// The documents that are made from the source; a test compares them.
writeFileSync(join(repositoryRoot, 'docs/troubleshooting.md'), renderTroubleshooting());
