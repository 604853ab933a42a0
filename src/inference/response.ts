import type { Tensor } from '../tensors/tensor.js';

/**
 * The answer to one request. Its tensors are views over a buffer that threads pass around:
 * whoever has written them where they are sent calls `release`, once, and reads them no more.
 * An answer that nobody releases is collected like any object; only the buffer's reuse is lost.
 */
export interface InferResponse {
  /** The same object for all answers of a model version: what they have in common can be kept by it. */
  readonly source: object;
  readonly modelName: string;
  readonly modelVersion: number;
  readonly outputs: readonly Tensor[];
  release(): void;
}
