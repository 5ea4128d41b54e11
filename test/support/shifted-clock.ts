import { readFileSync } from 'node:fs';

/**
 * Loaded into a program of ours before anything else (`node --import`), it sets the clock of that program forward or back by the
 * milliseconds that stand in the file WCR_TEST_CLOCK, as often as that changes. Timers and `performance.now()` go on as they
 * do when somebody corrects a machine's clock.
 */
const LOOK_MS = 50;
const file = process.env['WCR_TEST_CLOCK'];
const TrueDate = Date;
const trueNow = Date.now.bind(Date);
let shiftMs = 0;

function look(from: string): void {
  const text = readFileSync(from, 'utf8');
  // An empty one is just being written.
  if (text !== '') shiftMs = Number(text);
}

if (file !== undefined) {
  look(file);
  setInterval(look, LOOK_MS, file).unref();
  const now = (): number => trueNow() + shiftMs;
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args: [], newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new TrueDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}
