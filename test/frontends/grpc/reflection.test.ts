import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadDefinitions } from '../../../src/frontends/grpc/definitions.js';
import { Intake } from '../../../src/frontends/grpc/intake.js';
import type { ReflectionRequest, ReflectionResponse } from '../../../src/frontends/grpc/messages.js';
import { reflectionMethods } from '../../../src/frontends/grpc/reflection.js';
import type { StreamCall, StreamHandler } from '../../../src/frontends/grpc/transport.js';

/** A call that keeps what is sent, and the service's side of it. */
function openCall(intake: Intake) {
  const sent: ReflectionResponse[] = [];
  const call: StreamCall<ReflectionResponse> & { ended: boolean } = {
    peer: '',
    deadlineMs: Infinity,
    cancelled: false,
    onCancel: undefined,
    ended: false,
    metadata: () => undefined,
    allMetadata: () => [],
    addInitialMetadata() {},
    addTrailingMetadata() {},
    write(response) {
      sent.push(response);
      return true;
    },
    end() {
      call.ended = true;
    },
    fail() {},
    pause() {},
    resume() {},
  };
  const [method] = reflectionMethods(loadDefinitions(), intake);
  if (method?.kind !== 'stream') throw new Error('reflection is a stream');
  return { call, sent, handler: method.open(call) as StreamHandler<ReflectionRequest> };
}

test('a reflection that its client ends is forgotten', () => {
  const intake = new Intake();
  const { call, sent, handler } = openCall(intake);
  handler.onMessage({ host: '', message_request: 'list_services', list_services: '' });
  assert.ok(sent[0]!.list_services_response!.service.length > 2);
  handler.onEnd();
  assert.equal(call.ended, true);
  assert.equal(intake.listenerCount, 0);
});

test('a reflection whose client is gone is forgotten', () => {
  const intake = new Intake();
  openCall(intake).call.onCancel!();
  assert.equal(intake.listenerCount, 0);
});

test('a reflection that is left open ends when the server drains', () => {
  const intake = new Intake();
  const { call } = openCall(intake);
  intake.stop();
  assert.equal(call.ended, true);
  assert.equal(intake.listenerCount, 0);
});

test('what is not there is answered as not found, in the stream', () => {
  const { sent, handler } = openCall(new Intake());
  handler.onMessage({ host: '', message_request: 'file_by_filename', file_by_filename: 'no.proto' });
  handler.onMessage({
    host: '',
    message_request: 'file_containing_symbol',
    file_containing_symbol: 'inference.Nothing',
  });
  assert.deepEqual(
    sent.map(({ error_response }) => error_response),
    [
      { error_code: 5, error_message: 'File no.proto not found' },
      { error_code: 5, error_message: 'Symbol inference.Nothing not found' },
    ],
  );
});
