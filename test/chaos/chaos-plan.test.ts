import { expect, it } from 'vitest';
import { FAULTS, planRounds } from './chaos-plan.ts';
import { ChaosTable } from './chaos-table.ts';

it('the same seed plans the same rounds, another one others', () => {
  expect(planRounds(7, 40)).toEqual(planRounds(7, 40));
  expect(planRounds(8, 40)).not.toEqual(planRounds(7, 40));
});

it('every fault has its turn before one comes again', () => {
  const faults = planRounds(1, FAULTS.length).map(({ fault }) => fault.name);
  expect(new Set(faults).size).toBe(FAULTS.length);
});

it('the table has a row for each fault and their sum', () => {
  const table = new ChaosTable();
  table.add('api killed', 2, []);
  table.add('api killed', 1, [{ harm: 'lost', what: 'a job' }]);
  table.add('redis emptied', 1, []);
  expect(
    table
      .render()
      .split('\n')
      .map((line) => line.replaceAll(/ +/g, ' ')),
  ).toEqual([
    'fault rounds kills lost doubled orphaned mixed',
    'api killed 2 3 1 0 0 0',
    'redis emptied 1 1 0 0 0 0',
    'total 3 4 1 0 0 0',
  ]);
});
