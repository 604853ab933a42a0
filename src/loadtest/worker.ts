import { monotonicClock } from '../inference/clock.js';
import { InferClient } from './client.js';
import { drive } from './load.js';
import type { FromWorker, TargetPlan, ToWorker } from './messages.js';
import { encodeRequest } from './payload.js';

/**
 * The code of a load process: it does what its parent tells it, one thing at a time, and ends with it.
 */
let clients: readonly InferClient[] = [];

function connect({ target, request, connectionCount, answerBytesMin }: TargetPlan): void {
  disconnect();
  const options = { target, request: encodeRequest(request), answerBytesMin };
  clients = Array.from({ length: connectionCount }, () => new InferClient(options));
}

function disconnect(): void {
  for (const client of clients) client.close();
}

function answer(message: FromWorker): void {
  process.send?.(message);
}

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'connect':
      connect(message.plan);
      answer({ kind: 'connected' });
      break;
    case 'drive':
      void drive(clients, message.plan, monotonicClock).then((result) => answer({ kind: 'driven', result }));
      break;
  }
});
process.on('disconnect', disconnect);
