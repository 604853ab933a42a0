import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from '../../server/server.js';
import { Bodies, type BodyLimits } from './body.js';
import { NodeCall, sendAnswer } from './call.js';
import { createEndpoints, type EndpointParts } from './endpoints.js';
import type { Endpoint, Endpoints } from './exchange.js';
import { Listener, type ListenerOptions } from './listener.js';
import { Targets } from './routes.js';
import { errorAnswer, toAnswer } from './status.js';

export type HttpOptions = ListenerOptions & BodyLimits & Omit<EndpointParts, 'server'>;

/** The HTTP front end: Triton's endpoints, on a port. */
export class HttpFrontEnd {
  readonly #endpoints: Endpoints;
  readonly #listener: Listener;
  readonly #bodies: Bodies;
  readonly #targets = new Targets();

  constructor(server: Server, options: HttpOptions) {
    this.#bodies = new Bodies(options);
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

  /** Bytes of bodies that nobody has taken over yet. */
  get heldBytes(): number {
    return this.#bodies.heldBytes;
  }

  /** Takes no new connections; resolves when the requests that run have been answered. */
  drain(): Promise<void> {
    return this.#listener.drain();
  }

  close(): void {
    this.#listener.close();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const target = this.#targets.find(request.url ?? '');
    const endpoint = target === undefined ? undefined : this.#endpoints[target.route];
    if (target === undefined || endpoint === undefined) {
      sendAnswer(response, errorAnswer(404, 'Not Found'));
      return;
    }
    void answer(endpoint, new NodeCall({ request, response }, target, this.#bodies), response);
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
