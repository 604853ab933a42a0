import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TrafficCounts } from '../../http2/traffic.js';
import type { Server } from '../../server/server.js';
import { NodeCall, sendAnswer } from './call.js';
import { createEndpoints, type EndpointParts } from './endpoints.js';
import type { Endpoint, Endpoints } from './exchange.js';
import { Listener, type ListenerOptions } from './listener.js';
import { findTarget } from './routes.js';
import { errorAnswer, toAnswer } from './status.js';

export type HttpOptions = ListenerOptions & Omit<EndpointParts, 'server'>;

/** The HTTP front end: Triton's endpoints, on a port. */
export class HttpFrontEnd {
  readonly #endpoints: Endpoints;
  readonly #listener: Listener;

  constructor(server: Server, options: HttpOptions) {
    this.#endpoints = createEndpoints({ ...options, server });
    this.#listener = new Listener(options, (request, response) => this.#serve(request, response));
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    return this.#listener.listen();
  }

  /** Requests that were not answered yet. */
  get busyCount(): number {
    return this.#listener.busyCount;
  }

  /** What has come and gone over all connections. */
  get traffic(): TrafficCounts {
    return this.#listener.traffic;
  }

  /** Takes no new connections; resolves when the requests that run have been answered. */
  drain(): Promise<void> {
    return this.#listener.drain();
  }

  close(): void {
    this.#listener.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = findTarget(request.url ?? '');
    const endpoint = target === undefined ? undefined : this.#endpoints[target.route];
    if (target === undefined || endpoint === undefined) {
      sendAnswer(response, errorAnswer(404, 'Not Found'));
      return;
    }
    void answer(endpoint, new NodeCall(request, response, target), response);
  }
}

async function answer(endpoint: Endpoint, call: NodeCall, response: ServerResponse): Promise<void> {
  try {
    const handle = call.method === 'GET' ? endpoint.GET : call.method === 'POST' ? endpoint.POST : undefined;
    if (handle === undefined) {
      sendAnswer(response, errorAnswer(405, 'Method Not Allowed'));
      return;
    }
    const handled = await handle(call);
    if (handled !== 'streamed') sendAnswer(response, handled);
  } catch (error) {
    if (response.headersSent) response.destroy();
    else sendAnswer(response, toAnswer(error));
  }
}
