import type { Server } from '../../server/server.js';
import type { Endpoints } from './exchange.js';
import { healthEndpoints } from './health.js';
import { inferEndpoints } from './infer.js';
import { JsonCodec } from './json-codec.js';
import { metadataEndpoints } from './metadata.js';

/** What the endpoints are made of. */
export interface EndpointParts {
  readonly server: Server;
  /** Bytes of JSON, of a raw input and of a decompressed body. */
  readonly inputBytesMax: number;
  /** Threads that read and write large JSON. */
  readonly jsonThreadsMax: number;
}

/** All endpoints, each from the file of its topic. */
export function createEndpoints(parts: EndpointParts): Endpoints {
  const { server } = parts;
  const json = new JsonCodec(parts.jsonThreadsMax);
  return { ...healthEndpoints(server), ...metadataEndpoints(server), ...inferEndpoints({ ...parts, json }) };
}
