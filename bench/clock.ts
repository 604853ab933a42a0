import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { createClock, type Clock } from '../src/inference/clock.js';
import { nowUs } from '../src/inference/now.js';
import { formatTable } from '../src/loadtest/report.js';
import { startCandidates, type Candidate } from './clock/candidates.js';
import { positive } from './options.js';
import { residentBytes } from './process-usage.js';
import { publish } from './results.js';

const delaysUs = [50, 100, 200, 500, 1000, 2500];
const warmUpWaits = 100;
/** Of the rounds, those in which the rest of the machine did least count. */
const countedShare = 1 / 3;
const clockCount = 4;

const { values } = parseArgs({
  options: {
    waits: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '9' },
    name: { type: 'string', default: 'clock' },
  },
});
const waits = positive('waits', values.waits);

interface Figures {
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
  readonly earlyShare: number;
  readonly cpuUsPerWait: number;
  /** How many cores other processes kept busy meanwhile. */
  readonly othersCores: number;
}

const loadBefore = load();
const candidates = await startCandidates();
const rounds = new Map<string, Figures[]>();
for (const candidate of candidates) await measure(candidate, 300, warmUpWaits);
for (let round = 0; round < positive('rounds', values.rounds); round++) {
  for (const delayUs of delaysUs) {
    // Whatever else the machine does shall meet all of them.
    for (const candidate of candidates) {
      const key = `${candidate.name}|${delayUs}`;
      rounds.set(key, [...(rounds.get(key) ?? []), await measure(candidate, delayUs, waits)]);
    }
  }
}
const waitFigures = [...rounds].map(([key, figures]) => {
  const [name = '', delayUs = ''] = key.split('|');
  return { name, delayUs: Number(delayUs), ...medians(quietest(figures)) };
});
const clock = createClock();
const storms: StormCost[] = [await rage(clock, { delayUs: 500, armsPerSecond: 0 })];
for (const delayUs of [100, 500, 2000]) storms.push(await rage(clock, { delayUs, armsPerSecond: 50_000 }));
const costs = { armAndDropNs: armAndDrop(clock), threadMiB: await threadMiB() };
const loads = { loadBefore, loadAfter: load() };
await publish(values.name, { waitFigures, storms, costs, ...loads }, describe());

/** Waits again and again, with idle times between that are no multiple of a timer's step. */
async function measure(candidate: Candidate, delayUs: number, count: number): Promise<Figures> {
  const latesUs: number[] = [];
  let cpuUs = 0;
  const busyBefore = busy();
  for (let wait = 0; wait < count; wait++) {
    await new Promise((resolve) => {
      setTimeout(resolve, 1 + (wait % 2));
    });
    const before = process.cpuUsage();
    const startUs = nowUs();
    await candidate.wait(delayUs);
    latesUs.push(nowUs() - startUs - delayUs);
    const used = process.cpuUsage(before);
    cpuUs += used.user + used.system;
  }
  const { wallUs, othersUs } = busySince(busyBefore);
  latesUs.sort((a, b) => a - b);
  const quantile = (share: number): number => latesUs[Math.floor((count - 1) * share)] ?? 0;
  return {
    p50Us: quantile(0.5),
    p90Us: quantile(0.9),
    p99Us: quantile(0.99),
    maxUs: quantile(1),
    earlyShare: latesUs.filter((lateUs) => lateUs < 0).length / count,
    cpuUsPerWait: cpuUs / count,
    othersCores: othersUs / wallUs,
  };
}

interface Busy {
  readonly atUs: number;
  readonly machineUs: number;
  readonly oursUs: number;
}

function busy(): Busy {
  const { user, system } = process.cpuUsage();
  const machineMs = cpus().reduce(
    (sum, { times }) => sum + times.user + times.nice + times.sys + times.irq,
    0,
  );
  return { atUs: nowUs(), machineUs: machineMs * 1000, oursUs: user + system };
}

function busySince(before: Busy): { wallUs: number; othersUs: number } {
  const after = busy();
  const othersUs = after.machineUs - before.machineUs - (after.oursUs - before.oursUs);
  return { wallUs: after.atUs - before.atUs, othersUs: Math.max(othersUs, 0) };
}

function quietest(all: readonly Figures[]): Figures[] {
  return [...all]
    .sort((a, b) => a.othersCores - b.othersCores)
    .slice(0, Math.ceil(all.length * countedShare));
}

function medians(all: readonly Figures[]): Figures {
  const median = (pick: (one: Figures) => number): number =>
    all.map(pick).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  return {
    p50Us: median((one) => one.p50Us),
    p90Us: median((one) => one.p90Us),
    p99Us: median((one) => one.p99Us),
    maxUs: median((one) => one.maxUs),
    earlyShare: median((one) => one.earlyShare),
    cpuUsPerWait: median((one) => one.cpuUsPerWait),
    othersCores: median((one) => one.othersCores),
  };
}

interface Storm {
  readonly delayUs: number;
  readonly armsPerSecond: number;
}

interface StormCost extends Storm {
  /** The share of a core that went. */
  readonly coreShare: number;
}

/** For a second, arms waits and drops each at once, some in each millisecond. */
async function rage(clock: Clock, storm: Storm): Promise<StormCost> {
  const { delayUs, armsPerSecond } = storm;
  const ended = performance.now() + 1000;
  const before = process.cpuUsage();
  for (let armed = 0; performance.now() < ended;) {
    const wanted = ((performance.now() - ended + 1000) / 1000) * armsPerSecond;
    for (; armed < wanted; armed++) clock.afterUs(delayUs, () => undefined)();
    await new Promise((resolve) => {
      setTimeout(resolve, 1);
    });
  }
  const { user, system } = process.cpuUsage(before);
  return { ...storm, coreShare: (user + system) / 1e6 };
}

function armAndDrop(clock: Clock): number {
  const count = 300_000;
  const startUs = nowUs();
  for (let arm = 0; arm < count; arm++) clock.afterUs(500, () => undefined)();
  return ((nowUs() - startUs) * 1000) / count;
}

/** What one clock's thread adds to the resident memory. */
async function threadMiB(): Promise<number> {
  const before = residentBytes(process.pid);
  for (let clocks = 0; clocks < clockCount; clocks++) {
    const clock = createClock();
    for (let wait = 0; wait < warmUpWaits; wait++) {
      await new Promise<void>((resolve) => {
        clock.afterUs(1000, resolve);
      });
    }
  }
  return (residentBytes(process.pid) - before) / clockCount / 1024 / 1024;
}

function load(): string {
  return loadavg()[0]?.toFixed(2) ?? '';
}

function describe(): string {
  const rows = waitFigures.map((one) => [
    one.name,
    String(one.delayUs),
    one.p50Us.toFixed(0),
    one.p90Us.toFixed(0),
    one.p99Us.toFixed(0),
    one.maxUs.toFixed(0),
    (one.earlyShare * 100).toFixed(1),
    one.cpuUsPerWait.toFixed(0),
    one.othersCores.toFixed(2),
  ]);
  const head = ['', 'delay µs', 'late p50', 'p90', 'p99', 'max', 'early %', 'CPU µs', 'others, cores'];
  return [
    formatTable(head, rows),
    '',
    ...storms.map(
      ({ delayUs, armsPerSecond, coreShare }) =>
        `${armsPerSecond} waits of ${delayUs} µs a second armed and dropped: ${(coreShare * 100).toFixed(1)} % of a core`,
    ),
    `arming and dropping a wait: ${costs.armAndDropNs.toFixed(0)} ns; the thread: ${costs.threadMiB.toFixed(1)} MiB`,
    `load average ${loads.loadBefore} before, ${loads.loadAfter} after`,
  ].join('\n');
}
