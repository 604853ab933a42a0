import { UsageError } from './usage-error.js';

/** Where a service is to listen. */
export interface Place {
  /** What Triton calls its requests. */
  readonly requests: 'HTTP' | 'GRPC' | 'metrics';
  readonly host: string;
  readonly port: number;
}

/** Refuses two services at one address and port; two that take any free port do not meet. */
export function refuseCollisions(places: readonly Place[]): void {
  for (const [index, { requests, host, port }] of places.entries()) {
    const other = places.slice(index + 1).find((one) => one.host === host && one.port === port);
    if (port === 0 || other === undefined) continue;
    throw new UsageError(
      `The server cannot listen to ${requests} requests and ${other.requests} requests at the same address and port ${host}:${port}`,
    );
  }
}
