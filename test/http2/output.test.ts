import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { Output, TurnEnd, type OutputShare } from '../../src/http2/output.js';
import { BlockPool } from '../../src/sockets/block-pool.js';
import { turns } from '../support/eventually.js';

test('an output that was closed writes nothing into the block that it has given back', async () => {
  const share = { blocks: new BlockPool(), turnEnd: new TurnEnd() };
  const written: Buffer[] = [];
  const socket = (): Writable =>
    new Writable({ write: (chunk: Buffer, _, done) => (written.push(Buffer.from(chunk)), done()) });
  const gone = new Output(socket(), share, () => {});
  const other = new Output(socket(), share, () => {});
  gone.bytes(Buffer.from('aaaa'));
  gone.close();
  other.bytes(Buffer.from('bbbbbbbb'));
  gone.bytes(Buffer.from('XXXX'));
  await turns(3);
  assert.equal(Buffer.concat(written).toString(), 'bbbbbbbb');
});

describe('a turn of the loop', () => {
  const mib = 1024 * 1024;

  /** An output whose socket takes everything at once, and how often it was told to go on. */
  function eager(share: OutputShare): { output: Output; calls: () => number; say: () => number } {
    let calls = 0;
    const socket = new Writable({ highWaterMark: 64 * mib, write: (_chunk, _, done) => done() });
    const output = new Output(socket, share, () => calls++);
    const frame = Buffer.alloc(32 * 1024);
    const say = (): number => {
      let bytes = 0;
      for (; output.hasTurn && bytes < 64 * mib; bytes += frame.byteLength) {
        output.bytes(frame);
        output.flushMuch();
      }
      return bytes;
    };
    return { output, calls: () => calls, say };
  }

  test('lets one output say 2 MiB and calls it again in the next', async () => {
    const { output, calls, say } = eager({ blocks: new BlockPool(), turnEnd: new TurnEnd() });
    assert.equal(say(), 2 * mib);
    assert.equal(output.hasTurn, false);
    assert.equal(calls(), 0);
    await turns(2);
    assert.equal(calls(), 1);
    assert.equal(say(), 2 * mib);
  });

  test('is shared by all that have something to say', async () => {
    const share = { blocks: new BlockPool(), turnEnd: new TurnEnd() };
    const outputs = Array.from({ length: 4 }, () => eager(share));
    for (const { say } of outputs) say();
    await turns(2);
    assert.deepEqual(
      outputs.map(({ say }) => say()),
      outputs.map(() => mib / 2),
    );
  });

  test("is nobody's for ever: an output that was over its share is called though it said nothing since", async () => {
    const share = { blocks: new BlockPool(), turnEnd: new TurnEnd() };
    const { output, calls, say } = eager(share);
    say();
    await turns(2);
    const before = calls();
    say();
    assert.equal(output.hasTurn, false);
    await turns(2);
    assert.ok(calls() > before);
    assert.equal(output.hasTurn, true);
  });
});
