// Many mutated sessions, by hand: npm run test:fuzz -- --count=2000000 --seed=1 --from=0
import { parseArgs } from 'node:util';
import { grpcTarget, plainTarget } from './fuzz-targets.js';
import { fuzz } from './fuzzing.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    from: { type: 'string', default: '0' },
    count: { type: 'string', default: '2000000' },
  },
});
const run = { seed: Number(values.seed), from: Number(values.from), count: Number(values.count) };
const every = Math.max(Math.ceil(run.count / 40 / 64) * 64, 64);
const targets = [await plainTarget(), await grpcTarget()];
const startMs = performance.now();

const mib = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
function report(done: number): void {
  const perSecond = (done / (performance.now() - startMs)) * 1000;
  const { rss, heapUsed } = process.memoryUsage();
  console.log(`${done} sequences, ${perSecond.toFixed(0)}/s, RSS ${mib(rss)} MiB, heap ${mib(heapUsed)} MiB`);
}

const counts = await fuzz(targets, {
  ...run,
  onProgress: (done) => {
    if (done % every === 0) report(done);
  },
});
for (const target of targets) target.close();
report(run.count);
console.log(JSON.stringify(counts));
