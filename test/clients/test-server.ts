import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GrpcJsTransport } from '../../src/frontends/grpc/transports/grpc-js.js';
import type {
  CompressionLevel,
  Method,
  Transport,
  TransportOptions,
} from '../../src/frontends/grpc/transport.js';
import { plainTransport } from '../support/server.js';
import { interopMethods } from './test-service.js';

/**
 * Serves the TestService on a free port of 127.0.0.1 and says on which:
 * test-server.js --transport=grpc-js [--cert=FILE --key=FILE] [--compression=low|medium|high]
 */
type CreateTransport = (methods: readonly Method[], options: TransportOptions) => Transport;

const transports: Readonly<Record<string, CreateTransport>> = {
  'grpc-js': (methods, options) => new GrpcJsTransport(methods, options),
};

const { values } = parseArgs({
  options: {
    transport: { type: 'string', default: 'grpc-js' },
    cert: { type: 'string' },
    key: { type: 'string' },
    compression: { type: 'string', default: 'none' },
  },
});

const create = transports[values.transport];
if (create === undefined) throw new Error(`no transport is called ${values.transport}`);
const { cert, key } = values;
const transport = create(interopMethods(), {
  ...plainTransport,
  responseCompression: values.compression as CompressionLevel,
  tls: cert && key ? { cert: readFileSync(cert), key: readFileSync(key), clientCa: undefined } : undefined,
});
console.log(`Started TestService at 127.0.0.1:${await transport.listen()}`);
