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

it('plays only the faults and the work that are asked for', () => {
  const rounds = planRounds(1, 20, { only: ['php', 'clock'], main: 'exchange' });
  expect(rounds.map(({ work }) => work[0])).toEqual(rounds.map(() => 'exchange'));
  expect(new Set(rounds.map(({ fault }) => fault.name))).toEqual(
    new Set(['php killed', 'php frozen', 'clock forward', 'clock back']),
  );
});

it('refuses faults and work that do not exist, instead of playing something else', () => {
  expect(() => planRounds(1, 20, { only: ['php', 'clok'] })).toThrow(/No fault is called "clok": worker killed, /);
  expect(() => planRounds(1, 20, { main: 'exchanges' })).toThrow('No work is called "exchanges": clone, exchange.');
});
