import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withBatching, type BatchingRig } from '../support/batching.js';
import { eventually } from '../support/eventually.js';
import { QuickClient } from '../support/quick-client.js';
import { Random } from '../support/random.js';
import { Lane, nothingSeen, type Seen } from './lane.js';
import { subjects, twinOf } from './traffic.js';

/** `npm run test:soak` asks for 10,000. */
const callsPerClient = Number(process.env['NEREID_BATCHING_CALLS'] ?? 500);
const seed = Number(process.env['NEREID_BATCHING_SEED'] ?? 1);
const clientCount = 64;
const connectionCount = 8;

const twins = subjects.filter(({ rounds }) => rounds === true).map(twinOf);

/** Holds what the server counted of a model against what its callers saw. */
async function checkCounts(rig: BatchingRig, name: string, seen: Seen): Promise<void> {
  const { success, fail, inferences, executions, batches } = await rig.counted(name);
  const what = `${name}: ${JSON.stringify({ seen, success, fail, inferences, executions, batches })}`;
  // Of those that were given up some have run, some have left the queue and some have never come.
  assert.ok(seen.answered <= success && success <= seen.answered + seen.givenUp, what);
  assert.ok(seen.failed <= fail && fail <= seen.failed + seen.givenUp, what);
  assert.ok(success + fail <= seen.answered + seen.failed + seen.givenUp, what);
  const sizes = Object.entries(batches);
  assert.equal(
    sizes.reduce((sum, [size, count]) => sum + Number(size) * count, 0),
    inferences,
    what,
  );
  assert.equal(
    sizes.reduce((sum, [, count]) => sum + count, 0),
    executions,
    what,
  );
  if (twins.some((twin) => twin.name === name)) assert.equal(executions, success, what);
  else assert.ok(executions < success, what);
}

test(
  'random requests of many clients to many models all get the answers that are their own, and all are counted',
  { timeout: 60_000 + callsPerClient * 500 },
  async (context) => {
    await withBatching({ models: [...subjects, ...twins] }, async (rig) => {
      const clients = Array.from({ length: connectionCount }, () => new QuickClient(rig.server.port));
      const seen = new Map([...subjects, ...twins].map(({ name }) => [name, nothingSeen()]));
      try {
        await Promise.all(
          Array.from({ length: clientCount }, (_, number) =>
            new Lane(clients[number % connectionCount]!, new Random(seed, number), seen).drive(
              subjects,
              callsPerClient,
            ),
          ),
        );
      } finally {
        for (const client of clients) client.close();
      }
      await eventually(() => rig.server.server.inFlight().every(({ count }) => count === 0), 'all is done');
      let sum = 0;
      for (const [name, counts] of seen) {
        await checkCounts(rig, name, counts);
        const { answered, failed, refused, givenUp } = counts;
        const { executions } = await rig.counted(name);
        context.diagnostic(
          `${name}: ${answered} answered in ${executions} executions, ${failed} failed, ${refused} refused, ${givenUp} given up`,
        );
        sum += answered + failed + refused + givenUp;
        rig.lostSlotsMax += givenUp;
      }
      assert.ok(sum >= clientCount * callsPerClient);
    });
  },
);
