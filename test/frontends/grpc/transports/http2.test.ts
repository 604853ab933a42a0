import { Http2Transport } from '../../../../src/frontends/grpc/transports/http2.js';
import { transportSuite } from './transport-suite.js';

transportSuite('http2', (methods, options) => new Http2Transport(methods, options));
