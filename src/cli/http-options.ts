import type { HttpOptions } from '../frontends/http/front-end.js';
import type { HttpTransportName } from '../frontends/http/transports/create.js';
import type { FlagReader, GivenFlags } from './flag-reader.js';
import { httpProtocolFlags, type ProtocolFlags } from './protocol-flags.js';
import { checkReusePort } from './reuse-port.js';

export type HttpFlags = HttpOptions & ProtocolFlags;

/** What was asked of HTTP; undefined when it is not served. */
export function httpFlags(read: FlagReader, given: GivenFlags): HttpFlags | undefined {
  if (!read.boolean('allow-http')) return undefined;
  return {
    ...httpProtocolFlags(given),
    transport: read.text('http-transport') as HttpTransportName,
    host: read.text('http-address').replace(/^\[(.*)\]$/, '$1'),
    port: read.integer('http-port'),
    reusePort: checkReusePort(read, 'reuse-http-port'),
    inputBytesMax: read.integer('http-max-input-size'),
    receivingBytesMax: read.integer('http-max-receiving-bytes'),
    jsonThreadsMax: read.integer('http-json-threads'),
    connectionsMax: read.integer('http-max-connections'),
    headerBytesMax: read.integer('http-max-header-bytes'),
    receiveTimeoutMs: read.integer('http-receive-timeout-ms'),
    idleTimeoutMs: read.integer('http-idle-timeout-ms'),
    keptRequestBytesMax: read.integer('http-max-idle-request-bytes'),
  };
}
