import { GrpcJsTransport } from '../../../../src/frontends/grpc/transports/grpc-js.js';
import { transportSuite } from './transport-suite.js';

transportSuite('grpc-js', (methods, options) => new GrpcJsTransport(methods, options));
