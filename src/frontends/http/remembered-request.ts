import type { WireInferRequest } from './codec/infer-request.js';

/** JSON up to this is remembered: what stands before binary tensors has a few hundred bytes. */
const rememberedBytesMax = 2048;

/**
 * Remembers what was last read of JSON whose tensors are not in it: clients of binary tensors send the same again and again,
 * and comparing it takes a fraction of reading it. What it gives is read only. Bound: one text of 2 KiB.
 */
export class RememberedRequest {
  #bytes = Buffer.alloc(0);
  #request: WireInferRequest | undefined = undefined;

  find(json: Uint8Array): WireInferRequest | undefined {
    return this.#request !== undefined && this.#bytes.equals(json) ? this.#request : undefined;
  }

  keep(json: Uint8Array, request: WireInferRequest): void {
    if (json.byteLength > rememberedBytesMax || typeof request.inputs === 'string') return;
    // A tensor that was read belongs to its request.
    if (request.inputs.some(({ data }) => data !== undefined)) return;
    this.#bytes = Buffer.from(json);
    this.#request = request;
  }
}
