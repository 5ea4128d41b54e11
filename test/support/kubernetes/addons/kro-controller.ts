import type { Controller } from '../controllers/controller.ts';

/** The controllers of graphs and of their instances. */
export function kroControllers(): Controller[] {
  return [];
}
