import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '@wcr/shared/errors/app-error';
import type { Redis } from 'ioredis';
import { z } from 'zod';
import { defineJob } from '../define-job.ts';
import type { StepContext } from '../engine.types.ts';

const STEPS = ['step-one', 'step-two', 'step-three'] as const;
export type CountingStep = (typeof STEPS)[number];
export const COUNTING_STEPS: readonly CountingStep[] = STEPS;

export const CountingInput = z.object({
  /** Where the job hangs the first time it comes there. */
  hang: z.object({ step: z.enum(STEPS), where: z.enum(['before-effect', 'after-effect', 'after-step']) }).optional(),
  /** The step that fails, how often, and with what. */
  fail: z.object({ step: z.enum(STEPS), times: z.number(), as: z.enum(['named', 'hopeless', 'unknown']) }).optional(),
  /** How long each step takes after its effect. */
  stepMs: z.number().optional(),
  /** Hangs in the clean-up the first time. */
  hangInCleaning: z.boolean().optional(),
});
export type CountingInput = z.infer<typeof CountingInput>;

export type CountingDeps = { readonly redis: Redis };

/** Keys in which the effects of a job can be counted from outside. */
export const countingKeys = {
  effects: (jobId: string) => `effects:${jobId}`,
  hung: (jobId: string) => `hung:${jobId}`,
};

/** A job whose effects are counters in Redis, and that hangs or fails where it is told to. */
export const countingJob = defineJob<CountingDeps>()({
  name: 'clone',
  input: CountingInput,
  steps: STEPS,
  async run({ input, jobId, deps, step, signal }) {
    const outputs: number[] = [];
    for (const name of STEPS) {
      const output = await step(name, async (context) => {
        await hangHere(deps, { input, jobId, name, where: 'before-effect', signal: context.signal });
        const effect = await deps.redis.hincrby(countingKeys.effects(jobId), name, 1);
        await failHere(deps, { input, jobId, name });
        if (input.stepMs !== undefined) await sleep(input.stepMs, undefined, { signal: context.signal });
        await hangHere(deps, { input, jobId, name, where: 'after-effect', signal: context.signal });
        return { effect, key: context.key };
      });
      outputs.push(output.effect);
      await hangHere(deps, { input, jobId, name, where: 'after-step', signal });
    }
    return { outputs };
  },
  async onTerminalFailure({ input, jobId, deps }) {
    await deps.redis.hincrby(countingKeys.effects(jobId), 'cleaning', 1);
    if (input.hangInCleaning && (await deps.redis.incr(countingKeys.hung(jobId))) === 1) await sleep(600_000);
  },
});

type Place = { input: CountingInput; jobId: string; name: CountingStep };

async function hangHere(
  { redis }: CountingDeps,
  { input, jobId, name, where, signal }: Place & { where: string; signal: StepContext['signal'] },
): Promise<void> {
  if (input.hang?.step !== name || input.hang.where !== where) return;
  if ((await redis.incr(countingKeys.hung(jobId))) === 1) await sleep(600_000, undefined, { signal });
}

async function failHere({ redis }: CountingDeps, { input, jobId, name }: Place): Promise<void> {
  if (input.fail?.step !== name) return;
  if ((await redis.hincrby(countingKeys.effects(jobId), 'failures', 1)) > input.fail.times) return;
  if (input.fail.as === 'named') throw new AppError('agent.failed', { reason: 'no route' });
  if (input.fail.as === 'hopeless') throw new AppError('source.credentials_rejected');
  throw new Error('connect to db with hunter2-hunter2 failed');
}
