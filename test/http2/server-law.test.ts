import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { setting } from '../../src/http2/frames.js';
import { eventually } from '../support/eventually.js';
import { dataFrame, headersFrame, resetFrame, windowUpdate, type Http2Peer } from '../support/http2-peer.js';
import { answerHead, bodyOf, withRig, type Http2Rig, type Served } from '../support/http2-rig.js';

/** What a peer or the server does next, to whichever of its streams. */
const step = fc.record({
  what: fc.constantFrom(
    'open',
    'open',
    'data',
    'data',
    'end',
    'reset',
    'widen',
    'answer',
    'send',
    'finish',
    'pause',
    'resume',
    'cut',
    'break',
    'vanish',
    'settle',
  ),
  peer: fc.nat(2),
  stream: fc.nat(7),
  size: fc.constantFrom(0, 1, 100, 20_000, 200_000),
});
type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** A peer, and its streams whose request has not ended. */
interface Side {
  readonly peer: Http2Peer;
  lastId: number;
  open: number[];
}

function act(rig: Http2Rig, side: Side, { what, stream, size }: Step): void {
  const { peer } = side;
  const id = side.open[stream % side.open.length];
  const served = rig.served[stream % rig.served.length];
  switch (what) {
    case 'open':
      side.lastId += 2;
      side.open.push(side.lastId);
      return peer.send(headersFrame(side.lastId));
    case 'widen':
      return peer.send(windowUpdate(0, 100_000), ...(id === undefined ? [] : [windowUpdate(id, 50_000)]));
    case 'break':
      return peer.send(windowUpdate(0, 0));
    case 'vanish':
      return peer.destroy();
    case 'data':
    case 'end':
    case 'reset':
      if (id === undefined) return;
      if (what === 'data') return peer.send(dataFrame(id, Buffer.alloc(Math.min(size, 16_384))));
      side.open = side.open.filter((open) => open !== id);
      return peer.send(what === 'end' ? dataFrame(id, '', true) : resetFrame(id));
    default:
      if (served !== undefined) actOfServer(served, what, size);
  }
}

function actOfServer({ stream }: Served, what: string, size: number): void {
  if (what === 'answer') stream.sendHeaders(answerHead);
  else if (what === 'send') stream.send(bodyOf(Buffer.alloc(size)));
  else if (what === 'finish') stream.end();
  else if (what === 'pause') stream.pause();
  else if (what === 'resume') stream.resume();
  else if (what === 'cut') stream.reset(8);
}

/** A stream whose head was sent may be sent bodies; others are answered first. */
function properly(steps: readonly Step[]): Step[] {
  return steps.flatMap((one) =>
    one.what === 'send' || one.what === 'finish' ? [{ ...one, what: 'answer' as const }, one] : [one],
  );
}

test(
  'every stream is told of its end once, and nothing is left of it, whatever happens to its connection',
  withRig({}, async (rig) => {
    rig.onEnd = () => {};
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
        rig.served.length = 0;
        const sides = Array.from({ length: 3 }, (): Side => {
          const peer = rig.peer({ settings: [[setting.initialWindowSize, 30_000]] });
          return { peer, lastId: -1, open: [] };
        });
        for (const one of properly(steps)) {
          const side = sides[one.peer]!;
          if (one.what === 'settle' && !side.peer.closed) await side.peer.synced();
          else act(rig, side, one);
        }
        for (const { peer } of sides) if (!peer.closed) await peer.synced();
        for (const { peer } of sides) peer.destroy();
        await eventually(() => rig.server.connectionCount === 0, 'all connections are gone');
        for (const { closes } of rig.served) assert.equal(closes.length, 1);
        assert.equal(rig.server.pendingBytes, 0);
      }),
      { seed: 51, numRuns: 200 },
    );
  }),
);
