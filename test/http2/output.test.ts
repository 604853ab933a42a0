import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { BlockPool, Output, TurnEnd } from '../../src/http2/output.js';
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
