import assert from 'node:assert/strict';
import { status, type ClientDuplexStream } from '@grpc/grpc-js';
import { test } from 'node:test';
import { withBatching, type BatchingRig } from '../support/batching.js';
import { expectOk, inferenceMethod, type AnyMessage, type OpenCall } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { slowRequest } from '../support/row-requests.js';

/** Keeps the instance busy for long against all that happens meanwhile. */
const long = 120_000;

/** Runs from which the server learns what to expect. */
const runsToLearn = 100;

/** What waits shall take so long, so that a machine that is busy otherwise spoils nothing. */
const queueMs = 1500;

const usual = slowRequest('row_slow', 500);

const settingsOf = {
  'with a dynamic batcher': 'dynamic_batching { }',
  'without one': '',
};

interface Crowd {
  /** What the queue will take, by the mean of the runs so far. */
  readonly expectedMs: number;
  readonly running: OpenCall;
  readonly leave: () => Promise<void>;
}

/** A model that has learnt what its runs take, and a queue before it of which the length in time is known. */
async function crowd(rig: BatchingRig): Promise<Crowd> {
  for (let run = 0; run < runsToLearn; run++) expectOk(await rig.client.infer(usual));
  const { statistics } = rig.server.server.pick('row_slow', '');
  const { infer } = statistics.snapshot().compute;
  const runMs = infer.ns === 0n ? 0.001 : Number(infer.ns) / 1e6 / infer.count;
  const count = Math.ceil(queueMs / runMs);
  const running = await rig.occupy(slowRequest('row_slow', long));
  const method = inferenceMethod('ModelInfer');
  const bytes = method.requestSerialize(usual);
  const waiting = Array.from({ length: count }, () => rig.client.open(method, bytes));
  await eventually(() => rig.inFlight('row_slow') === count + 1, 'the queue is there');
  return {
    expectedMs: count * runMs,
    running,
    async leave() {
      for (const call of [...waiting, running]) call.cancel();
      await Promise.all([...waiting, running].map(({ outcome }) => outcome));
    },
  };
}

async function withModel(settings: string, use: (rig: BatchingRig) => Promise<void>): Promise<void> {
  await withBatching({ models: [{ graph: 'row_slow', maxBatchSize: 1, settings }] }, async (rig) => {
    // The run that is given up holds its slot until it is collected.
    rig.lostSlotsMax = 1;
    await use(rig);
  });
}

function rejectedCount(rig: BatchingRig): number {
  return rig.server.server.pick('row_slow', '').statistics.snapshot().failures.rejected.count;
}

for (const [what, settings] of Object.entries(settingsOf)) {
  test(`a call whose deadline the queue does not allow is refused at once, ${what}`, async () => {
    await withModel(settings, async (rig) => {
      const { expectedMs, running, leave } = await crowd(rig);
      let ran = false;
      void running.outcome.then(() => (ran = true));
      const hopeless = await rig.client.infer(usual, { deadline: Date.now() + expectedMs / 4 });
      assert.deepEqual(hopeless, {
        kind: 'failed',
        code: status.DEADLINE_EXCEEDED,
        details: 'Deadline Exceeded',
      });
      assert.equal(ran, false);
      assert.equal(rejectedCount(rig), 1);
      assert.equal((await rig.counted('row_slow')).fail, 1);
      const patient = await rig.send(usual, { deadline: Date.now() + 100 * expectedMs });
      const endless = await rig.send(usual);
      await leave();
      expectOk(await patient.outcome);
      expectOk(await endless.outcome);
      assert.equal(rejectedCount(rig), 1);
    });
  });
}

test("a stream's deadline holds for its requests, which are refused in the stream", async () => {
  await withModel('dynamic_batching { }', async (rig) => {
    const { expectedMs, leave } = await crowd(rig);
    const hurried = openStream(rig, Date.now() + expectedMs / 4);
    hurried.write({ ...usual, id: 'late' });
    await eventually(() => rejectedCount(rig) === 1, 'it was refused');
    const calm = openStream(rig, Date.now() + 100 * expectedMs);
    const answers: AnyMessage[] = [];
    calm.on('data', (message: AnyMessage) => answers.push(message));
    calm.write({ ...usual, id: 'in time' });
    calm.end();
    const ended = new Promise((resolve) => calm.once('end', resolve));
    await leave();
    await ended;
    assert.deepEqual(
      answers.map(({ error_message: error, infer_response: { id } }) => [error, id]),
      [['', 'in time']],
    );
    assert.equal(rejectedCount(rig), 1);
    hurried.cancel();
  });
});

/** A ModelStreamInfer whose client gives up at this time. */
function openStream(rig: BatchingRig, deadline: number): ClientDuplexStream<AnyMessage, AnyMessage> {
  const { path, requestSerialize, responseDeserialize } = inferenceMethod('ModelStreamInfer');
  const stream = rig.client.raw.makeBidiStreamRequest<AnyMessage, AnyMessage>(
    path,
    requestSerialize,
    responseDeserialize,
    { deadline },
  );
  stream.on('error', () => {});
  stream.on('data', () => {});
  return stream;
}
