import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventWriter } from '../../../src/frontends/http/event-writer.js';
import type { AnswerHead, HttpCall } from '../../../src/frontends/http/exchange.js';
import { turns } from '../../support/eventually.js';

/** A client that reads when it is told to. */
function slowCall(): {
  call: HttpCall;
  heads: AnswerHead[];
  sent: string[];
  read: () => void;
  leave: () => void;
} {
  const heads: AnswerHead[] = [];
  const sent: string[] = [];
  let read = (): void => {};
  const call = {
    cancelled: false,
    stream(head: AnswerHead) {
      heads.push(head);
      return {
        write: (part: Uint8Array) => sent.push(part.toString()) === 0,
        drained: () => new Promise<void>((resolve) => (read = resolve)),
        end: () => void sent.push('end'),
      };
    },
  };
  return {
    call: call as unknown as HttpCall,
    heads,
    sent,
    read: () => read(),
    leave: () => (call.cancelled = true),
  };
}

/** A text as the JSON of an event comes. */
function json(text: string): Uint8Array[] {
  return [Buffer.from(text)];
}

test('an event waits until the client has read the one before, and the first one sets the status', async () => {
  const { call, heads, sent, read } = slowCall();
  const events = new EventWriter(call);
  assert.equal(events.begun, false);
  const all = (async () => {
    await events.send(json('{"a":1}'), 500);
    await events.send(json('{"a":2}'), 200);
    events.end();
  })();
  await turns(3);
  assert.equal(events.begun, true);
  assert.deepEqual(sent, ['data: {"a":1}\n\n']);
  read();
  await turns(3);
  assert.deepEqual(sent, ['data: {"a":1}\n\n', 'data: {"a":2}\n\n']);
  read();
  await all;
  assert.equal(sent.at(-1), 'end');
  assert.deepEqual(heads, [{ status: 500, headers: { 'content-type': 'text/event-stream; charset=utf-8' } }]);
});

test('an answer without events is an empty one, and one whose client is gone is none', async () => {
  const { call, heads, sent, leave } = slowCall();
  new EventWriter(call).end();
  assert.deepEqual([heads[0]?.status, sent], [200, ['end']]);
  leave();
  const late = new EventWriter(call);
  await late.send(json('{}'));
  late.end();
  assert.equal(heads.length, 1);
});

test('an event in several pieces is one event', async () => {
  const { call, sent, read } = slowCall();
  const all = new EventWriter(call).send([Buffer.from('{"a":'), Buffer.from('1}')]);
  await turns(3);
  read();
  await all;
  assert.equal(sent.join(''), 'data: {"a":1}\n\n');
});
