import type { TestProject } from 'vitest/node';
import { startServiceBroker } from './service-broker.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly serviceBroker: string;
  }
}

/** Vitest calls this once a run and project; what it returns is called at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const broker = await startServiceBroker();
  project.provide('serviceBroker', broker.url);
  return async () => {
    await broker[Symbol.asyncDispose]();
  };
}
