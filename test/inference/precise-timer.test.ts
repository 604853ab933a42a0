import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { nowUs } from '../../src/inference/now.js';
import { PreciseTimer } from '../../src/inference/precise-timer.js';
import { eventually } from '../support/eventually.js';

const seed = 20_261_121;
const delaysUs = fc.array(fc.integer({ min: 0, max: 6000 }), { minLength: 1, maxLength: 40 });

/** A process that runs these lines with `timer`, a timer of its own, and ends when nothing keeps it. */
function runAlone(lines: string): { status: number | null; out: string; error: string } {
  const timerFile = new URL('../../src/inference/precise-timer.js', import.meta.url).href;
  const script = `import { PreciseTimer } from '${timerFile}'; const timer = new PreciseTimer(); ${lines}`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 30_000,
  });
  return { status, out: stdout, error: stderr };
}

test('many waits come once each, never early, and none before one that was armed earlier for no longer', async () => {
  const timer = new PreciseTimer();
  await fc.assert(
    fc.asyncProperty(delaysUs, async (delays) => {
      const places = new Map<number, number>();
      for (const [index, delayUs] of delays.entries()) {
        const armedUs = nowUs();
        timer.after(delayUs, () => {
          assert.ok(nowUs() >= armedUs + delayUs);
          assert.ok(!places.has(index));
          places.set(index, places.size);
        });
      }
      await eventually(() => places.size === delays.length, 'all waits');
      for (const [index, delayUs] of delays.entries()) {
        const later = delays.findIndex((other, at) => at > index && other >= delayUs);
        if (later !== -1) assert.ok(places.get(index)! < places.get(later)!);
      }
    }),
    { seed, numRuns: 25 },
  );
});

test('a wait that is alone in the process comes, whether for the thread, for the loop or for long', async () => {
  const timer = new PreciseTimer();
  // Nothing but the timer turns the loop here.
  for (const delayUs of [300, 1, 0, -5, 900, 2400, 9000, 150, 150, Number.NaN]) {
    const armedUs = nowUs();
    await new Promise<void>((resolve) => {
      timer.after(delayUs, resolve);
    });
    assert.ok(Number.isNaN(delayUs) || nowUs() >= armedUs + delayUs);
  }
});

test('waits that are dropped never come, and those beside them do', async () => {
  const timer = new PreciseTimer();
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ delayUs: fc.integer({ min: 0, max: 4000 }), dropped: fc.boolean() }), {
        minLength: 1,
        maxLength: 40,
      }),
      async (plan) => {
        const came = new Set<number>();
        const drops = plan.map(({ delayUs }, index) => timer.after(delayUs, () => came.add(index)));
        for (const [index, { dropped }] of plan.entries()) if (dropped) drops[index]!();
        const kept = plan.flatMap(({ dropped }, index) => (dropped ? [] : [index]));
        await eventually(() => kept.every((index) => came.has(index)), 'the kept waits');
        let over = false;
        timer.after(4000, () => (over = true));
        await eventually(() => over, 'the time of the dropped ones');
        assert.deepEqual(came, new Set(kept));
      },
    ),
    { seed, numRuns: 20 },
  );
});

test('a wait may be dropped twice, and after it came', async () => {
  const timer = new PreciseTimer();
  let count = 0;
  const drop = timer.after(200, () => count++);
  const other = timer.after(300, () => count++);
  await eventually(() => count === 2, 'both');
  drop();
  other();
  other();
  timer.after(200, () => count++);
  drop();
  await eventually(() => count === 3, 'the third');
});

test('a call may arm and drop other waits', async () => {
  const timer = new PreciseTimer();
  const came: string[] = [];
  let drop = (): void => undefined;
  timer.after(200, () => {
    came.push('first');
    drop();
    timer.after(250, () => came.push('again'));
    timer.after(0, () => came.push('at once'));
  });
  drop = timer.after(200, () => came.push('dropped'));
  await eventually(() => came.includes('again'), 'the wait armed last');
  assert.deepEqual(came, ['first', 'at once', 'again']);
});

test('after a storm of waits that were armed and dropped the last one comes', async () => {
  const timer = new PreciseTimer();
  for (let storm = 0; storm < 50; storm++) {
    for (let arm = 0; arm < 1000; arm++) timer.after(100 + (arm % 700), () => assert.fail('it came'))();
    let came = false;
    timer.after(300 + storm, () => (came = true));
    await eventually(() => came, 'the wait after the storm');
  }
});

test('timers of one process do not disturb each other', async () => {
  const timers = [new PreciseTimer(), new PreciseTimer(), new PreciseTimer()];
  let count = 0;
  for (let round = 0; round < 30; round++) {
    for (const [index, timer] of timers.entries()) timer.after(200 + 150 * index, () => count++);
  }
  await eventually(() => count === 90, 'all of them');
});

test('there is no thread until a wait is long enough to need one', async () => {
  const timer = new PreciseTimer();
  let came = false;
  timer.after(0, () => (came = true));
  timer.after(60_000_000, () => undefined)();
  await eventually(() => came, 'the wait for nothing');
  assert.equal(timer.threadStarted, false);
  timer.after(500, () => undefined)();
  assert.equal(timer.threadStarted, true);
});

test('a process waits for its waits and then ends by itself', () => {
  const { status, out } = runAlone(
    'timer.after(400, () => timer.after(3500, () => timer.after(300, () => console.log("done"))));',
  );
  assert.deepEqual({ status, out }, { status: 0, out: 'done\n' });
});

test('a dropped wait does not keep the process', () => {
  const { status, out } = runAlone(`
    timer.after(120_000_000, () => console.log("it came"))();
    timer.after(500, () => { timer.after(Infinity, () => console.log("it came"))(); });`);
  assert.deepEqual({ status, out }, { status: 0, out: '' });
});

test('what a call throws is an uncaught exception, and the other waits come all the same', () => {
  const { status, out, error } = runAlone(`
    process.on('uncaughtException', (error, origin) => console.log(origin, error.message));
    timer.after(300, () => {
      timer.after(400, () => { throw new Error('first'); });
      timer.after(400, () => { throw new Error('second'); });
      timer.after(400, () => console.log('third'));
    });`);
  assert.equal(out, 'uncaughtException first\nuncaughtException second\nthird\n', error);
  assert.equal(status, 0);
});

test('what a call throws ends a process that listens to no exceptions', () => {
  const { status, error } = runAlone('timer.after(700, () => { throw new Error("nobody caught this"); });');
  assert.match(error, /nobody caught this/);
  assert.equal(status, 1);
});
