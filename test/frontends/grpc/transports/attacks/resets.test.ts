import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorCode, flag, frameType } from '../../../../../src/http2/frames.js';
import { frame } from '../../../../support/raw-http2.js';
import {
  dataFrame,
  headersFrame,
  numberFrame,
  requestBlock,
  resetFrame,
  streamIds,
  windowUpdate,
  type RawConnection,
} from '../../../../support/raw-connection.js';
import { frame as grpcFrame } from '../raw-client.js';
import { eventually, Gate, paths, turns } from '../rig.js';
import { Attacked, attackTest } from './attacked.js';

const block = requestBlock(paths.plain);
const whole = grpcFrame(Buffer.from('x'));

/** A call whose request is whole, so that its handler runs. */
function callFrames(streamId: number): Buffer {
  return Buffer.concat([headersFrame(streamId, block), dataFrame(streamId, whole, true)]);
}

/** What is left of 50,000 when the resets of four seconds are forgiven, and some that time brings. */
const openedMax = 20_000;

async function assertCut(attacker: RawConnection): Promise<void> {
  await eventually(() => attacker.isClosed, 'the attacker is cut');
  assert.equal(attacker.goAway?.code, errorCode.enhanceYourCalm);
  assert.equal(attacker.goAway.reason, 'limit: resets');
  const opened = (attacker.goAway.lastStreamId + 1) / 2;
  assert.ok(opened >= 8000 && opened <= openedMax, `${opened} streams opened`);
}

attackTest('50,000 streams opened and reset at once: cut after a bounded number', {}, async (attacked) => {
  const attacker = attacked.attacker();
  for (const id of streamIds(50_000)) attacker.write(headersFrame(id, block), resetFrame(id));
  await assertCut(attacker);
  assert.equal(attacked.met('resets'), 1);
});

attackTest('calls whose handlers run are bounded too when they are reset', {}, async (attacked) => {
  let [running, most] = [0, 0];
  attacked.rig.service.unary = (request, call) => {
    if (String(request) === 'good') return Promise.resolve(Buffer.from(request));
    most = Math.max(most, ++running);
    return new Promise((resolve) => {
      call.onCancel = () => {
        running--;
        resolve(Buffer.alloc(0));
      };
    });
  };
  const attacker = attacked.attacker();
  for (const id of streamIds(50_000)) attacker.write(callFrames(id), resetFrame(id));
  await assertCut(attacker);
  assert.ok(most <= 1024, `${most} handlers ran at a time`);
  assert.equal(running, 0);
});

/** Ways in which a peer makes the server reset a stream of a whole request (MadeYouReset). */
const provocations: Record<string, (streamId: number) => Buffer> = {
  'a WINDOW_UPDATE of 0': (id) => windowUpdate(id, 0),
  'a window that grows too large': (id) => windowUpdate(id, 2 ** 31 - 1),
  'DATA behind the end': (id) => dataFrame(id, Buffer.from('x')),
  'HEADERS behind the end': (id) => headersFrame(id, block, flag.endHeaders | flag.endStream),
  'a stream that depends on itself': (id) =>
    frame(frameType.priority, 0, id, Buffer.concat([numberFrame(0, 0, id).subarray(9), Buffer.from([0])])),
};

for (const [name, provoke] of Object.entries(provocations)) {
  attackTest(`resets of the server's own are bounded: ${name}`, {}, async (attacked) => {
    attacked.rig.service.unary = async (request, call) => {
      if (String(request) !== 'good') await new Promise<void>((resolve) => (call.onCancel = resolve));
      return Buffer.from(request);
    };
    const attacker = attacked.attacker();
    for (const id of streamIds(50_000)) attacker.write(callFrames(id), provoke(id));
    await assertCut(attacker);
    assert.equal(attacked.met('resets'), 1);
  });
}

attackTest('resets of requests that are malformed are bounded', {}, async (attacked) => {
  const malformed = requestBlock(paths.plain, [['Upper', 'case']]);
  const promising = requestBlock(paths.plain, [['content-length', '5']]);
  const ended = flag.endHeaders | flag.endStream;
  for (const bad of [headersFrame(1, malformed), headersFrame(1, promising, ended)]) {
    const attacker = attacked.attacker();
    for (const id of streamIds(50_000)) {
      const again = Buffer.from(bad);
      again.writeUInt32BE(id, 5);
      attacker.write(again);
    }
    await assertCut(attacker);
  }
  assert.equal(attacked.met('resets'), 2);
});

attackTest('streams above the most are refused, and taken again when others end', {}, async (attacked) => {
  const leave = new Gate();
  let entered = 0;
  attacked.rig.service.unary = async (request) => {
    if (String(request) === 'good') return Buffer.from(request);
    entered++;
    await leave.promise;
    return Buffer.from(request);
  };
  const attacker = attacked.attacker();
  attacker.write(...streamIds(1025).map(callFrames));
  await eventually(() => attacker.answer(2049).reset !== undefined, 'the 1,025th is refused');
  assert.equal(attacker.answer(2049).reset, errorCode.refusedStream);
  assert.equal(attacker.answers.size, 1);
  assert.equal(attacked.met('streams'), 1);
  attacker.write(resetFrame(1), callFrames(2051));
  await eventually(() => entered === 1025, 'a stream is taken for the one that ended');
  leave.open();
  await eventually(() => attacker.status(2051) === 0, 'it is answered');
  assert.equal(attacker.answers.size, 1025);
});

/** Calls on one connection, each of the next number. */
class Caller {
  readonly connection: RawConnection;
  #nextId = 1;

  constructor(connection: RawConnection) {
    this.connection = connection;
  }

  /** Opens a call whose request is whole; the result is its stream. */
  open(message: Buffer, more: readonly (readonly [string, string])[] = []): number {
    const id = this.#nextId;
    this.#nextId += 2;
    this.connection.write(
      headersFrame(id, requestBlock(paths.plain, more)),
      dataFrame(id, grpcFrame(message), true),
    );
    return id;
  }

  over(id: number): boolean {
    const answer = this.connection.answers.get(id);
    return answer !== undefined && (answer.ended || answer.reset !== undefined);
  }

  async callWell(): Promise<void> {
    const id = this.open(Buffer.from('good'));
    await eventually(() => this.over(id) || this.connection.isClosed, 'a good call is over');
    assert.equal(this.connection.status(id), 0);
  }
}

/** A thousand calls a round end early on the connection of 20 good callers, of whose calls none may fail. */
async function besideGoodCallers(endEarly: (caller: Caller) => Promise<void>): Promise<void> {
  const attacked = new Attacked({});
  await attacked.rig.listen();
  attacked.rig.service.unary = async (request, call) => {
    if (String(request) !== 'good') await new Promise<void>((resolve) => (call.onCancel = resolve));
    return Buffer.from(request);
  };
  const caller = new Caller(attacked.attacker());
  const storm = { over: false };
  const goodOnes = Array.from({ length: 20 }, async () => {
    let served = 0;
    for (; !storm.over || served === 0; served++) await caller.callWell();
    return served;
  });
  try {
    for (let round = 0; round < 4; round++) await endEarly(caller);
    storm.over = true;
    for (const served of await Promise.all(goodOnes)) assert.ok(served > 0);
    const { streams, resets, 'idle-frames': idleFrames } = attacked.transport.limitCounts;
    assert.deepEqual({ streams, resets, idleFrames }, { streams: 0, resets: 0, idleFrames: 0 });
  } finally {
    storm.over = true;
    await attacked.close();
  }
}

test('a thousand calls that are reset within a moment do no harm to 20 others on their connection', () =>
  besideGoodCallers(async (caller) => {
    const ids = Array.from({ length: 1000 }, () => caller.open(Buffer.from('x')));
    caller.connection.write(...ids.map((id) => resetFrame(id)));
    await caller.callWell();
  }));

test('a thousand calls that expire within a moment do no harm to 20 others on their connection', () =>
  besideGoodCallers(async (caller) => {
    const ids = Array.from({ length: 1000 }, () => caller.open(Buffer.from('x'), [['grpc-timeout', '5m']]));
    await eventually(() => ids.every((id) => caller.over(id)), 'all have expired');
    for (const id of ids) assert.equal(caller.connection.status(id), 4);
  }));

test('a thousand calls that both sides give up at one time do no harm to 20 others', () =>
  besideGoodCallers(async (caller) => {
    const ids = Array.from({ length: 1000 }, () => caller.open(Buffer.from('x'), [['grpc-timeout', '1m']]));
    await turns(5);
    caller.connection.write(...ids.map((id) => resetFrame(id)));
    await caller.callWell();
  }));
