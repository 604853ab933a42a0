import type { HeaderForwarder } from '../../server/forwarded-headers.js';
import { noRestrictions, type Restrictions } from '../../server/restrictions.js';
import type { TrafficCounts } from '../../sockets/traffic.js';
import type { Server } from '../../server/server.js';
import { loadDefinitions } from './definitions.js';
import { healthMethods } from './health.js';
import { Intake } from './intake.js';
import { reflectionMethods } from './reflection.js';
import { restrict } from './restricted.js';
import { inferenceMethods } from './service.js';
import type { TlsOptions, Transport, TransportOptions } from './transport.js';
import { createTransport, type TransportName } from './transports/create.js';

/** What goes on at a port. */
export interface PortActivity {
  readonly traffic: TrafficCounts;
  readonly openCalls: number;
  /** How often each limit was met, by its name. */
  readonly limitCounts: Readonly<Record<string, number>>;
  /** Response bytes that wait for slow readers; undefined where that is not known. */
  readonly pendingBytes: number | undefined;
}

export interface GrpcFrontEndOptions extends TransportOptions {
  readonly transport: TransportName;
  /** Which methods ask for a header. */
  readonly restrictions?: Restrictions;
  readonly forwarder?: HeaderForwarder | undefined;
}

/** The gRPC front end: the services, bound to a transport. */
export class GrpcFrontEnd {
  readonly #intake = new Intake();
  readonly #transport: Transport;

  constructor(server: Server, options: GrpcFrontEndOptions) {
    const definitions = loadDefinitions();
    const methods = [
      ...inferenceMethods(server, definitions, this.#intake, options),
      ...healthMethods(server, definitions, this.#intake),
      ...reflectionMethods(definitions, this.#intake),
    ];
    const restricted = restrict(methods, options.restrictions ?? noRestrictions);
    this.#transport = createTransport(options.transport, restricted, options);
  }

  /** Starts to listen; the result is the port. */
  listen(): Promise<number> {
    return this.#transport.listen();
  }

  /** Calls that have not ended. */
  get callCount(): number {
    return this.#transport.callCount;
  }

  /** What goes on at the port, for metrics. */
  get activity(): PortActivity {
    const { traffic, callCount, limitCounts = {}, pendingBytes } = this.#transport;
    return { traffic, openCalls: callCount, limitCounts, pendingBytes };
  }

  /** Takes no new requests; resolves when the calls that run have ended. */
  drain(): Promise<void> {
    this.#intake.stop();
    return this.#transport.drain();
  }

  /** New connections get these certificates. */
  setTls(tls: TlsOptions): void {
    this.#transport.setTls?.(tls);
  }

  close(): void {
    this.#transport.close();
  }
}
