import type { Method, Transport, TransportOptions } from '../transport.js';
import { GrpcJsTransport } from './grpc-js.js';
import { Http2Transport } from './http2.js';

/** What may carry gRPC: our own HTTP/2, or the library that is its twin. */
export const transportNames = ['http2', 'grpc-js'] as const;

export type TransportName = (typeof transportNames)[number];

export function createTransport(
  name: TransportName,
  methods: readonly Method[],
  options: TransportOptions,
): Transport {
  switch (name) {
    case 'http2':
      return new Http2Transport(methods, options);
    case 'grpc-js':
      return new GrpcJsTransport(methods, options);
  }
}
