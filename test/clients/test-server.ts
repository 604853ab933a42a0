import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CompressionLevel } from '../../src/frontends/grpc/transport.js';
import { createTransport, type TransportName } from '../../src/frontends/grpc/transports/create.js';
import { plainTransport } from '../support/server.js';
import { interopMethods } from './test-service.js';

/**
 * Serves the TestService on a free port of 127.0.0.1 and says on which:
 * test-server.js --transport=grpc-js [--cert=FILE --key=FILE] [--compression=low|medium|high]
 */
const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'grpc-js' },
    cert: { type: 'string' },
    key: { type: 'string' },
    compression: { type: 'string', default: 'none' },
  },
});

const { cert, key } = values;
const transport = createTransport(values.transport as TransportName, interopMethods(), {
  ...plainTransport,
  responseCompression: values.compression as CompressionLevel,
  tls: cert && key ? { cert: readFileSync(cert), key: readFileSync(key), clientCa: undefined } : undefined,
});
console.log(`Started TestService at 127.0.0.1:${await transport.listen()}`);
