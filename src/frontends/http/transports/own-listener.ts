import { monotonicClock } from '../../../inference/clock.js';
import { Arena } from '../../../tensors/arena.js';
import type { Malformed } from '../../../http1/request-head.js';
import type { WholeAnswer } from '../../../http1/exchange.js';
import { Http1Server } from '../../../http1/server.js';
import type { TrafficCounts } from '../../../sockets/traffic.js';
import { errorAnswer } from '../status.js';
import { piecesOf, type Carried, type HttpTransport, type TransportOptions } from '../transport.js';
import { OwnCarried } from './own-carried.js';

/** How long a client may take nothing of what was written for it. */
const sendTimeoutMs = 300_000;

/** A port with our own HTTP/1.1 behind it. */
export class OwnListener implements HttpTransport {
  readonly #server: Http1Server;

  constructor(options: TransportOptions, serve: (carried: Carried) => void) {
    const arena = new Arena({
      keptBytesMax: options.keptRequestBytesMax,
      shared: false,
      clock: monotonicClock,
    });
    this.#server = new Http1Server(
      { ...options, headBytesMax: options.headerBytesMax, sendTimeoutMs },
      { onRequest: (exchange) => serve(new OwnCarried(exchange, arena)), refuse },
    );
  }

  get traffic(): TrafficCounts {
    return this.#server.traffic;
  }

  get busyCount(): number {
    return this.#server.busyCount;
  }

  listen(): Promise<number> {
    return this.#server.listen();
  }

  drain(): Promise<void> {
    return this.#server.drain();
  }

  close(): void {
    this.#server.close();
  }
}

function refuse({ status, message }: Malformed): WholeAnswer {
  const answer = errorAnswer(status, message);
  return { ...answer, pieces: piecesOf(answer) };
}
