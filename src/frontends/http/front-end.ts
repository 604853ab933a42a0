import { toInferenceError } from '../../inference/error.js';
import { nowUs } from '../../inference/now.js';
import type { OnFailure } from '../../server/failure-log.js';
import { noRestrictions, type Restrictions } from '../../server/restrictions.js';
import type { TrafficCounts } from '../../sockets/traffic.js';
import type { Server } from '../../server/server.js';
import { Bodies, type BodyLimits } from './body.js';
import { Call } from './call.js';
import { createEndpoints, type EndpointParts } from './endpoints.js';
import type { Endpoints, Handler } from './exchange.js';
import { Targets } from './routes.js';
import { errorAnswer, statusOf, toAnswer } from './status.js';
import type { Carried, HttpTransport, TransportOptions } from './transport.js';
import { createHttpTransport, type HttpTransportName } from './transports/create.js';

export interface HttpOptions extends TransportOptions, BodyLimits, Omit<EndpointParts, 'server'> {
  readonly transport: HttpTransportName;
  /** Which endpoints ask for a header. */
  readonly restrictions?: Restrictions;
  /** Hears of each request that failed, but of those whose client has given up. */
  readonly onFailure?: OnFailure | undefined;
}

/** The HTTP front end: Triton's endpoints, on a port. */
export class HttpFrontEnd {
  readonly #endpoints: Endpoints;
  readonly #transport: HttpTransport;
  readonly #restrictions: Restrictions;
  readonly #onFailure: OnFailure | undefined;
  readonly #bodies: Bodies;
  readonly #targets = new Targets();

  constructor(server: Server, options: HttpOptions) {
    this.#bodies = new Bodies(options);
    this.#endpoints = createEndpoints({ ...options, server });
    this.#transport = createHttpTransport(options.transport, options, (carried) => this.#serve(carried));
    this.#restrictions = options.restrictions ?? noRestrictions;
    this.#onFailure = options.onFailure;
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    return this.#transport.listen();
  }

  /** Requests that were not answered yet. */
  get busyCount(): number {
    return this.#transport.busyCount;
  }

  /** Bytes of bodies that nobody has taken over yet. */
  get heldBytes(): number {
    return this.#bodies.heldBytes;
  }

  /** What has come and gone over all connections. */
  get traffic(): TrafficCounts {
    return this.#transport.traffic;
  }

  /** Takes no new connections; resolves when the requests that run have been answered. */
  drain(): Promise<void> {
    return this.#transport.drain();
  }

  close(): void {
    this.#transport.close();
  }

  #serve(carried: Carried): void {
    const target = this.#targets.find(carried.url);
    const endpoint = target === undefined ? undefined : this.#endpoints[target.route];
    if (target === undefined || endpoint === undefined) {
      this.#refuse(carried, 404, 'Not Found');
      return;
    }
    const { category, GET, POST } = endpoint;
    const restriction = this.#restrictions.get(category);
    // Triton looks for the header before it looks at the method.
    if (restriction !== undefined && !restriction.admits(headerOf(carried, restriction.header))) {
      const message = `This API is restricted, expecting header '${restriction.named}'`;
      this.#refuse(carried, 403, message);
      return;
    }
    const handle = carried.method === 'GET' ? GET : carried.method === 'POST' ? POST : undefined;
    if (handle === undefined) {
      this.#refuse(carried, 405, 'Method Not Allowed');
      return;
    }
    void this.#answer(handle, new Call(carried, target, this.#bodies), carried);
  }

  async #answer(handle: Handler, call: Call, carried: Carried): Promise<void> {
    try {
      const handled = await handle(call);
      if (handled !== 'streamed') carried.send(handled);
      else if (call.failure !== undefined) this.#tellFailed(carried, call, call.failure);
    } catch (error) {
      if (carried.begun && !carried.cancelled) carried.cut();
      else carried.send(toAnswer(error));
      this.#tellFailed(carried, call, error);
    }
  }

  #tellFailed(carried: Carried, call: Call, thrown: unknown): void {
    const error = toInferenceError(thrown);
    if (call.cancelled || error.code === 'cancelled') return;
    this.#tell(carried, {
      model: call.target.model,
      status: statusOf(thrown),
      message: error.message,
      durationUs: nowUs() - call.startUs,
    });
  }

  /** Answers a request that no endpoint handles. */
  #refuse(carried: Carried, status: number, message: string): void {
    carried.send(errorAnswer(status, message));
    this.#tell(carried, { model: '', status, message, durationUs: undefined });
  }

  #tell({ method, url, peer }: Carried, failed: Failed): void {
    const host = peer.host.includes(':') ? `[${peer.host}]` : peer.host;
    this.#onFailure?.({
      ...failed,
      protocol: 'HTTP',
      method: `${method} ${url.replace(/\?.*$/s, '')}`,
      status: String(failed.status),
      ours: failed.status >= 500,
      peer: `${host}:${peer.port}`,
    });
  }
}

interface Failed {
  readonly model: string;
  readonly status: number;
  readonly message: string;
  readonly durationUs: number | undefined;
}

function headerOf({ headers }: Carried, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value[0] : value;
}
