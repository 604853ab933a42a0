import type { AnyMessage } from '../../support/client.js';

/** gRPC's status numbers, by the names that the rows use. */
export const status = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

export type StatusName = keyof typeof status;

/** One bad request, or an odd one that is good, and what Triton answers to it. */
export interface Row {
  /** The section of the protocol reference that says so; `M` before one of the reference of models. */
  readonly section: string;
  readonly what: string;
  /** ModelInfer when left out. */
  readonly method?: string;
  readonly request: AnyMessage;
  readonly code: StatusName;
  /** The whole text; a pattern where the runtime adds words of its own. */
  readonly text?: string | RegExp;
  /** Whether the model had begun to run, which shows in the form of the error in a stream. */
  readonly executed?: boolean;
}

export function title({ section, what, method = 'ModelInfer', code }: Row): string {
  return `${section}: ${method}: ${what} → ${code}`;
}

/** The raw bytes of FP32 values. */
export function fp32(...values: readonly number[]): Buffer {
  return Buffer.from(new Float32Array(values).buffer);
}

export function int64(...values: readonly number[]): Buffer {
  return Buffer.from(new BigInt64Array(values.map(BigInt)).buffer);
}

/** The raw form of BYTES elements. */
export function strings(...elements: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat(
    elements.flatMap((element) => {
      const bytes = Buffer.from(element as string);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.byteLength);
      return [length, bytes];
    }),
  );
}

/** A tensor's declaration; its data come in `raw` beside it or in `contents`. */
export function input(
  datatype: string,
  shape: readonly (number | string)[],
  more: AnyMessage = {},
): AnyMessage {
  return { name: 'INPUT0', datatype, shape, ...more };
}

/** The declaration of an input by its name. */
export const named = (
  name: string,
  shape: readonly (number | string)[] = [1, 4],
  datatype = 'FP32',
): AnyMessage => ({
  name,
  datatype,
  shape,
});

/** A request with inputs, their raw contents, and whatever else is set. */
export function infer(
  model: string,
  inputs: readonly AnyMessage[],
  raw: readonly Buffer[],
  more: AnyMessage = {},
): AnyMessage {
  return { model_name: model, inputs, raw_input_contents: raw, ...more };
}

const row4 = fp32(1, 2, 3, 4);

/** A request that fixed_fp32 (FP32, [4], batches up to 8) answers; `more` makes it wrong. */
export function batching(more: AnyMessage = {}): AnyMessage {
  return infer('fixed_fp32', [input('FP32', [1, 4])], [row4], more);
}

/** A request that nobatch_fp32 (FP32, [2, -1], no batches) answers; `more` makes it wrong. */
export function nonBatching(more: AnyMessage = {}): AnyMessage {
  return infer('nobatch_fp32', [input('FP32', [2, 2])], [row4], more);
}

/** The prefix of most messages about a request without an id. */
export const unnamed = '[request id: <id_unknown>] ';
