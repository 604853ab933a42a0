import type { IncomingMessage, ServerResponse } from 'node:http';
import { toInferenceError } from '../../inference/error.js';
import { nowUs } from '../../inference/now.js';
import type { OnFailure } from '../../server/failure-log.js';
import { noRestrictions, type Restrictions } from '../../server/restrictions.js';
import type { TrafficCounts } from '../../sockets/traffic.js';
import type { Server } from '../../server/server.js';
import { Bodies, type BodyLimits } from './body.js';
import { NodeCall, sendAnswer } from './call.js';
import { createEndpoints, type EndpointParts } from './endpoints.js';
import type { Endpoints, Handler } from './exchange.js';
import { Listener, type ListenerOptions } from './listener.js';
import { Targets } from './routes.js';
import { errorAnswer, statusOf, toAnswer } from './status.js';

export interface HttpOptions extends ListenerOptions, BodyLimits, Omit<EndpointParts, 'server'> {
  /** Which endpoints ask for a header. */
  readonly restrictions?: Restrictions;
  /** Hears of each request that failed, but of those whose client has given up. */
  readonly onFailure?: OnFailure | undefined;
}

/** The HTTP front end: Triton's endpoints, on a port. */
export class HttpFrontEnd {
  readonly #endpoints: Endpoints;
  readonly #listener: Listener;
  readonly #restrictions: Restrictions;
  readonly #onFailure: OnFailure | undefined;
  readonly #bodies: Bodies;
  readonly #targets = new Targets();

  constructor(server: Server, options: HttpOptions) {
    this.#bodies = new Bodies(options);
    this.#endpoints = createEndpoints({ ...options, server });
    this.#listener = new Listener(options, (request, response) => this.#serve(request, response));
    this.#restrictions = options.restrictions ?? noRestrictions;
    this.#onFailure = options.onFailure;
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
    const target = this.#targets.find(request.url ?? '');
    const endpoint = target === undefined ? undefined : this.#endpoints[target.route];
    if (target === undefined || endpoint === undefined) {
      this.#refuse({ request, response }, 404, 'Not Found');
      return;
    }
    const { category, GET, POST } = endpoint;
    const restriction = this.#restrictions.get(category);
    // Triton looks for the header before it looks at the method.
    if (restriction !== undefined && !restriction.admits(headerOf(request, restriction.header))) {
      const message = `This API is restricted, expecting header '${restriction.named}'`;
      this.#refuse({ request, response }, 403, message);
      return;
    }
    const handle = request.method === 'GET' ? GET : request.method === 'POST' ? POST : undefined;
    if (handle === undefined) {
      this.#refuse({ request, response }, 405, 'Method Not Allowed');
      return;
    }
    const exchange = { request, response };
    void this.#answer(handle, new NodeCall(exchange, target, this.#bodies), exchange);
  }

  async #answer(handle: Handler, call: NodeCall, { request, response }: Exchange): Promise<void> {
    try {
      const handled = await handle(call);
      if (handled !== 'streamed') sendAnswer(response, handled);
      else if (call.failure !== undefined) this.#tellFailed(request, call, call.failure);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else sendAnswer(response, toAnswer(error));
      this.#tellFailed(request, call, error);
    }
  }

  #tellFailed(request: IncomingMessage, call: NodeCall, thrown: unknown): void {
    const error = toInferenceError(thrown);
    if (call.cancelled || error.code === 'cancelled') return;
    this.#tell(request, {
      model: call.target.model,
      status: statusOf(thrown),
      message: error.message,
      durationUs: nowUs() - call.startUs,
    });
  }

  /** Answers a request that no endpoint handles. */
  #refuse({ request, response }: Exchange, status: number, message: string): void {
    sendAnswer(response, errorAnswer(status, message));
    this.#tell(request, { model: '', status, message, durationUs: undefined });
  }

  #tell({ method = '', url = '', socket }: IncomingMessage, failed: Failed): void {
    const { remoteAddress = 'gone', remotePort = 0 } = socket;
    const host = remoteAddress.includes(':') ? `[${remoteAddress}]` : remoteAddress;
    this.#onFailure?.({
      ...failed,
      protocol: 'HTTP',
      method: `${method} ${url.replace(/\?.*$/s, '')}`,
      status: String(failed.status),
      ours: failed.status >= 500,
      peer: `${host}:${remotePort}`,
    });
  }
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

interface Failed {
  readonly model: string;
  readonly status: number;
  readonly message: string;
  readonly durationUs: number | undefined;
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
