import type { InferRequest } from '../../inference/request.js';
import type { HeaderForwarder } from '../../server/forwarded-headers.js';
import type { HttpCall } from './exchange.js';

/** Hands the headers of a call to its model as parameters, by the names as they were written. */
export function forwardHeaders(
  forwarder: HeaderForwarder | undefined,
  { rawHeaders }: Pick<HttpCall, 'rawHeaders'>,
  request: InferRequest,
): void {
  forwarder?.forward(pairs(rawHeaders), request);
}

function* pairs(raw: readonly string[]): Generator<readonly [name: string, value: string]> {
  for (let i = 0; i + 1 < raw.length; i += 2) yield [raw[i] ?? '', raw[i + 1] ?? ''];
}
