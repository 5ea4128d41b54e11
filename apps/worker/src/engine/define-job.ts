import type { JobDefinition, Json } from './engine.types.ts';

const STEP_NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

/**
 * Declares a job: `defineJob<Deps>()({ name, input, steps, run })`. The two calls let `Deps` be named while the
 * rest is inferred, so that a misspelt step name doesn't compile.
 * @throws TypeError for step names that are double or not kebab-case: they are durable keys
 */
export function defineJob<Deps>() {
  return <Input, Output extends Json, const Name extends string>(
    definition: JobDefinition<Deps, Input, Output, Name>,
  ): JobDefinition<Deps, Input, Output, Name> => {
    const { name, steps } = definition;
    const wrong = steps.find((step) => !STEP_NAME.test(step));
    if (wrong !== undefined) throw new TypeError(`job ${name}: the step name "${wrong}" is not kebab-case`);
    if (steps.length === 0 || new Set(steps).size !== steps.length) {
      throw new TypeError(`job ${name}: steps must be named once each`);
    }
    return definition;
  };
}
