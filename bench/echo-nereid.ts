import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaultTransportLimits } from '../src/frontends/grpc/transport.js';
import { tuneCollection } from '../src/cli/collection.js';
import { createTransport, type TransportName } from '../src/frontends/grpc/transports/create.js';
import { collectOnSignal } from './collect.js';
import { echo, streamEcho } from './echo-methods.js';
import { announcePort } from './server-process.js';

// An echo over this server's codec and one of its transports: no model, no scheduler, no thread.

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'http2' },
    cert: { type: 'string' },
    key: { type: 'string' },
  },
});
const { cert, key } = values;
const transport = createTransport(values.transport as TransportName, [echo, streamEcho], {
  host: '127.0.0.1',
  port: 0,
  reusePort: false,
  tls:
    cert === undefined || key === undefined
      ? undefined
      : { cert: readFileSync(cert), key: readFileSync(key), clientCa: undefined },
  responseCompression: 'none',
  keepaliveTimeMs: 7_200_000,
  keepaliveTimeoutMs: 20_000,
  keepaliveWithoutCalls: false,
  pingsWithoutDataMax: 2,
  pingIntervalWithoutDataMs: 300_000,
  pingStrikesMax: 2,
  connectionAgeMs: undefined,
  connectionAgeGraceMs: undefined,
  limits: defaultTransportLimits,
});
tuneCollection();
collectOnSignal();
announcePort(await transport.listen());
