import type { Server } from '../../server/server.js';
import type { Endpoints } from './exchange.js';
import { healthEndpoints } from './health.js';
import { metadataEndpoints } from './metadata.js';
import { traceEndpoints } from './trace.js';

/** What the endpoints are made of. */
export interface EndpointParts {
  readonly server: Server;
  /** Bytes of JSON, of a raw input and of a decompressed body. */
  readonly inputBytesMax: number;
}

/** All endpoints, each from the file of its topic. */
export function createEndpoints({ server }: EndpointParts): Endpoints {
  return { ...healthEndpoints(server), ...metadataEndpoints(server), ...traceEndpoints(server) };
}
