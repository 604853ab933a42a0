import { nowUs } from '../../inference/now.js';
import type { Failure } from '../../server/failure-log.js';
import { statusName, statusCode, type GrpcStatus } from './status.js';
import type { Call } from './transport.js';

/** Codes that speak of the server and not of the call. */
const ours: ReadonlySet<number> = new Set([2, statusCode.internal, statusCode.unavailable]);

type Failed = Pick<Call, 'peer' | 'modelName' | 'request'>;

/** How a call has failed, as the log tells it; undefined when its client has given up and nobody has failed. */
export function toFailure(call: Failed, method: string, { code, details }: GrpcStatus): Failure | undefined {
  if (code === statusCode.cancelled) return undefined;
  const startUs = call.request?.startUs ?? 0;
  return {
    protocol: 'gRPC',
    method,
    model: call.modelName ?? '',
    status: statusName(code),
    message: details,
    ours: ours.has(code),
    peer: call.peer,
    durationUs: startUs === 0 ? undefined : nowUs() - startUs,
  };
}
