import type { Carried, HttpTransport, TransportOptions } from '../transport.js';
import { NodeCarried } from './node-carried.js';
import { NodeListener } from './node-listener.js';
import { OwnListener } from './own-listener.js';

/** What may carry HTTP: our own HTTP/1.1, or Node's. */
export const httpTransportNames = ['own', 'node'] as const;

export type HttpTransportName = (typeof httpTransportNames)[number];

export function createHttpTransport(
  name: HttpTransportName,
  options: TransportOptions,
  serve: (carried: Carried) => void,
): HttpTransport {
  switch (name) {
    case 'own':
      return new OwnListener(options, serve);
    case 'node':
      return new NodeListener(options, (request, response) => serve(new NodeCarried(request, response)));
  }
}
