import type { HeaderForwarder } from '../../server/forwarded-headers.js';
import type { Server } from '../../server/server.js';
import type { Endpoints } from './exchange.js';
import { generateEndpoints } from './generate.js';
import { healthEndpoints } from './health.js';
import { inferEndpoints } from './infer.js';
import { JsonCodec } from './json-codec.js';
import { loggingEndpoints } from './logging.js';
import { metadataEndpoints } from './metadata.js';
import { repositoryEndpoints } from './repository.js';
import { sharedMemoryEndpoints } from './shared-memory.js';
import { statisticsEndpoints } from './statistics.js';
import { traceEndpoints } from './trace.js';

/** What the endpoints are made of. */
export interface EndpointParts {
  readonly server: Server;
  /** Bytes of JSON, of a raw input and of a decompressed body. */
  readonly inputBytesMax: number;
  /** Threads that read and write large JSON. */
  readonly jsonThreadsMax: number;
  /** Hands headers of inference to models, where that was asked for. */
  readonly forwarder?: HeaderForwarder | undefined;
}

/** All endpoints, each from the file of its topic. */
export function createEndpoints(parts: EndpointParts): Endpoints {
  const { server, inputBytesMax } = parts;
  const json = new JsonCodec(parts.jsonThreadsMax);
  return {
    ...healthEndpoints(server),
    ...metadataEndpoints(server),
    ...statisticsEndpoints(server),
    ...repositoryEndpoints(server, inputBytesMax),
    ...inferEndpoints({ ...parts, json }),
    ...generateEndpoints({ ...parts, json }),
    ...loggingEndpoints(server, inputBytesMax),
    ...sharedMemoryEndpoints(server),
    ...traceEndpoints(server),
  };
}
