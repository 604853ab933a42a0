/** Where a request stands in a trace of its caller, by W3C's Trace Context. */
export interface ParentContext {
  /** 32 hexadecimal digits. */
  readonly traceId: string;
  /** 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether the caller records its part. */
  readonly sampled: boolean;
  /** What vendors have added, as it came; empty where nothing has. */
  readonly state: string;
}

const form = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const zeros = /^0+$/;
/** Longer ones need not be handed on. */
const stateCharsMax = 512;

/** Reads the header `traceparent`, and `tracestate` beside it; what is malformed is as if it had not come. */
export function readParentContext(parent: string, state = ''): ParentContext | undefined {
  const [, version, traceId = '', spanId = '', flags = '', more] = form.exec(parent.trim()) ?? [];
  if (version === undefined || version === 'ff') return undefined;
  // Only later versions may have more fields.
  if (version === '00' && more !== undefined) return undefined;
  if (zeros.test(traceId) || zeros.test(spanId)) return undefined;
  const kept = state.length <= stateCharsMax && /^[\x20-\x7e]*$/.test(state) ? state.trim() : '';
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1, state: kept };
}
