import assert from 'node:assert/strict';
import { status } from '@grpc/grpc-js';
import { test } from 'node:test';
import { withBatching, type BatchingRig } from '../support/batching.js';
import { expectOk, type AnyMessage, type OpenCall, type Outcome } from '../support/client.js';
import { eventually } from '../support/eventually.js';
import { slowRequest } from '../support/row-requests.js';

/** Keeps the instance busy for long against all that happens meanwhile. */
const long = 60_000;

const endlessUs = 600_000_000;

const unavailable: number = status.UNAVAILABLE;

function expired(outcome: Outcome): boolean {
  return (
    outcome.kind === 'failed' && outcome.code === unavailable && outcome.details === 'Request timeout expired'
  );
}

function quick(more: AnyMessage = {}): AnyMessage {
  return slowRequest('row_slow', 1, more);
}

function timeout(us: number): AnyMessage {
  return { parameters: { timeout: { int64_param: String(us) } } };
}

function priority(level: number): AnyMessage {
  return { parameters: { priority: { uint64_param: String(level) } } };
}

/** The order in which calls are answered, by their names. */
function watchOrder(calls: Readonly<Record<string, OpenCall>>): string[] {
  const order: string[] = [];
  for (const [name, { outcome }] of Object.entries(calls)) void outcome.then(() => order.push(name));
  return order;
}

async function withPolicy(policy: string, use: (rig: BatchingRig) => Promise<void>): Promise<void> {
  const settings = `dynamic_batching { ${policy} }`;
  await withBatching({ models: [{ graph: 'row_slow', maxBatchSize: 1, settings }] }, use);
}

test('a request over the queue size is refused at once with its id, and those that wait are answered', async () => {
  await withPolicy('default_queue_policy { max_queue_size: 2 }', async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const waiting = [await rig.send(quick()), await rig.send(quick())];
    const order = watchOrder({ running });
    assert.deepEqual(await rig.client.infer(quick({ id: 'x' })), {
      kind: 'failed',
      code: status.UNAVAILABLE,
      details: '[request id: x] Exceeds maximum queue size',
    });
    assert.deepEqual(await rig.client.infer(quick()), {
      kind: 'failed',
      code: status.UNAVAILABLE,
      details: '[request id: <id_unknown>] Exceeds maximum queue size',
    });
    assert.deepEqual(order, []);
    for (const { outcome } of [running, ...waiting]) expectOk(await outcome);
    const { success, fail } = await rig.counted('row_slow');
    assert.deepEqual({ success, fail }, { success: 3, fail: 0 });
  });
});

test('a request whose time is over is rejected while what runs goes on', async () => {
  await withPolicy('default_queue_policy { default_timeout_microseconds: 50000 }', async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const late = await rig.send(quick());
    const order = watchOrder({ running });
    assert.ok(expired(await late.outcome));
    assert.deepEqual(order, []);
    expectOk(await running.outcome);
    const { success, fail } = await rig.counted('row_slow');
    assert.deepEqual({ success, fail }, { success: 1, fail: 1 });
  });
});

test('a request may ask for less time where the policy allows it', async () => {
  const policy = `default_timeout_microseconds: ${endlessUs} allow_timeout_override: true`;
  await withPolicy(`default_queue_policy { ${policy} }`, async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const short = await rig.send(quick(timeout(5000)));
    const patient = await rig.send(quick());
    const order = watchOrder({ running });
    assert.ok(expired(await short.outcome));
    assert.deepEqual(order, []);
    expectOk(await running.outcome);
    expectOk(await patient.outcome);
  });
});

test('a request cannot ask for more time than the policy gives', async () => {
  const policy = 'default_timeout_microseconds: 50000 allow_timeout_override: true';
  await withPolicy(`default_queue_policy { ${policy} }`, async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const greedy = await rig.send(quick(timeout(endlessUs)));
    assert.ok(expired(await greedy.outcome));
    expectOk(await running.outcome);
  });
});

for (const [what, policy] of [
  ['the policy allows none', `default_timeout_microseconds: ${endlessUs}`],
  ['the policy has no time limit', 'allow_timeout_override: true'],
] as const) {
  test(`a time limit of a request has no effect where ${what}`, async () => {
    await withPolicy(`default_queue_policy { ${policy} }`, async (rig) => {
      const running = await rig.occupy(slowRequest('row_slow', long));
      const waiting = await rig.send(quick(timeout(1)));
      expectOk(await running.outcome);
      expectOk(await waiting.outcome);
    });
  });
}

test('with the action DELAY a late request runs behind those that came in time', async () => {
  const policy = `timeout_action: DELAY default_timeout_microseconds: ${endlessUs} allow_timeout_override: true`;
  await withPolicy(`default_queue_policy { ${policy} }`, async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const late = await rig.send(quick(timeout(1)));
    const timely = await rig.send(quick());
    const order = watchOrder({ running, late, timely });
    await Promise.all([late.outcome, timely.outcome]);
    assert.deepEqual(order, ['running', 'timely', 'late']);
    expectOk(await late.outcome);
    const { success, fail } = await rig.counted('row_slow');
    assert.deepEqual({ success, fail }, { success: 3, fail: 0 });
  });
});

test('what waits is served by priority, and by the default where none or a wrong one is asked for', async () => {
  await withPolicy('priority_levels: 3 default_priority_level: 2', async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const low = await rig.send(quick(priority(3)));
    const none = await rig.send(quick());
    const high = await rig.send(quick(priority(1)));
    const tooLarge = await rig.send(quick(priority(9)));
    const second = await rig.send(quick(priority(1)));
    const calls = { running, low, none, high, tooLarge, second };
    const order = watchOrder(calls);
    for (const { outcome } of Object.values(calls)) expectOk(await outcome);
    assert.deepEqual(order, ['running', 'high', 'second', 'none', 'tooLarge', 'low']);
  });
});

test('each priority level has its own queue policy', async () => {
  const policy =
    'priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 2 value { max_queue_size: 1 } }';
  await withPolicy(policy, async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const waiting = [running, await rig.send(quick(priority(2)))];
    const refused = await rig.client.infer(quick({ id: '7', ...priority(2) }));
    assert.equal(refused.kind === 'failed' && refused.details, '[request id: 7] Exceeds maximum queue size');
    for (let number = 0; number < 3; number++) waiting.push(await rig.send(quick(priority(1))));
    for (const { outcome } of waiting) expectOk(await outcome);
  });
});

test('a call that is cancelled while it waits makes room and is counted as failed, and never runs', async () => {
  await withPolicy('default_queue_policy { max_queue_size: 1 }', async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', long));
    const order = watchOrder({ running });
    const given = await rig.send(quick());
    given.cancel();
    assert.equal(((await given.outcome) as AnyMessage).code, status.CANCELLED);
    await eventually(() => rig.inFlight('row_slow') === 1, 'the cancelled request left');
    const next = await rig.send(quick());
    assert.deepEqual(order, []);
    expectOk(await running.outcome);
    expectOk(await next.outcome);
    const { success, fail, executions } = await rig.counted('row_slow');
    assert.deepEqual({ success, fail, executions }, { success: 2, fail: 1, executions: 2 });
  });
});

test('a call whose deadline passes while it waits leaves the queue and never runs', async () => {
  await withPolicy('', async (rig) => {
    const running = await rig.occupy(slowRequest('row_slow', 2 * long));
    const order = watchOrder({ running });
    const late = await rig.send(quick(), { deadline: Date.now() + 300 });
    assert.equal(((await late.outcome) as AnyMessage).code, status.DEADLINE_EXCEEDED);
    await eventually(() => rig.inFlight('row_slow') === 1, 'the late request left');
    assert.deepEqual(order, []);
    expectOk(await running.outcome);
    const { success, fail, executions } = await rig.counted('row_slow');
    assert.deepEqual({ success, fail, executions }, { success: 1, fail: 1, executions: 1 });
  });
});
