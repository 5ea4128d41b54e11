import type { RestoreInput } from '@wcr/shared/contracts/restore';
import { readBaseMeta } from '../../../base/base-meta.ts';
import { readInventory } from '../../../drivers/agent/compare-reads.ts';
import type { SourceAgent } from '../../../drivers/agent/source-agent.ts';
import type { StepContext } from '../../../engine/engine.types.ts';
import { handleOf } from '../open-sides.ts';
import type { RestoreDeps, RestoreSides } from '../restore.types.ts';
import { pairSites, type SitePair } from '../site-pair.ts';

/** Reads what both sites are and refuses what cannot be restored. */
export async function compareSites(
  deps: RestoreDeps,
  input: RestoreInput,
  sides: RestoreSides,
  step: StepContext,
): Promise<SitePair> {
  const [clone, target, base] = await Promise.all([
    readSite(sides.clone),
    readSite(sides.target),
    sides.base && readBaseMeta(sides.base),
  ]);
  const cloneUrl = 'cloneId' in input.from ? (await handleOf(deps, input.from.cloneId)).url : undefined;
  const pair = pairSites({ clone, target, base, cloneUrl });
  step.log(
    `from ${pair.from.home} (WordPress ${clone.facts.wordpress.version}) to ${pair.to.home} (${target.facts.wordpress.version})`,
  );
  step.log(
    pair.hasBase
      ? 'it is known what the target was when the clone was made'
      : 'nothing is known of what the target was: all that differs counts as its own change',
  );
  return pair;
}

async function readSite(agent: SourceAgent) {
  const [facts, inventory] = await Promise.all([agent.facts(), readInventory(agent)]);
  return { facts, inventory };
}
