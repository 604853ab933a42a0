import type { WireMessage } from '../transport.js';
import { InferResponseFrame, varintBytes, writeVarint, type SendableResponse } from './infer-response.js';

const errorTag = (1 << 3) | 2;
const responseTag = (2 << 3) | 2;

/** `parameters { key: "triton_final_response" value { bool_param: true } }` of a ModelInferResponse. */
const finalResponse = ((): Buffer => {
  const key = Buffer.from('triton_final_response');
  const entry = Buffer.concat([Buffer.from([0x0a, key.byteLength]), key, Buffer.from([0x12, 2, 0x08, 1])]);
  return Buffer.concat([Buffer.from([(4 << 3) | 2, entry.byteLength]), entry]);
})();

/** A ModelStreamInferResponse that carries an answer, the last one of its request. */
export function responseFrame(response: SendableResponse, id: string): WireMessage {
  return new StreamedResponse(new InferResponseFrame(response, id, finalResponse));
}

class StreamedResponse implements WireMessage {
  readonly byteLength: number;
  readonly #inner: InferResponseFrame;

  constructor(inner: InferResponseFrame) {
    this.#inner = inner;
    this.byteLength = 1 + varintBytes(inner.byteLength) + inner.byteLength;
  }

  copy(target: Uint8Array, offset: number, from = 0, to = this.byteLength): number {
    const head = this.byteLength - this.#inner.byteLength;
    let at = offset;
    if (from < head) {
      const bytes = Buffer.allocUnsafe(head);
      bytes[0] = responseTag;
      writeVarint(bytes, 1, this.#inner.byteLength);
      at += bytes.copy(target, at, from, Math.min(to, head));
    }
    if (to > head) this.#inner.copy(target, at, Math.max(from - head, 0), to - head);
    return to - from;
  }
}

/** An error in a stream. One of the execution names the model as the request did, and is a final response. */
export interface ErrorResponse {
  readonly message: string;
  readonly id: string;
  readonly executed?: { readonly modelName: string; readonly modelVersion: string };
}

export function errorFrame({ message, id, executed }: ErrorResponse): WireMessage {
  const inner =
    executed === undefined
      ? field(idTag, Buffer.from(id))
      : Buffer.concat([
          field(nameTag, Buffer.from(executed.modelName)),
          field(versionTag, Buffer.from(executed.modelVersion)),
          field(idTag, Buffer.from(id)),
          finalResponse,
        ]);
  return Buffer.concat([field(errorTag, Buffer.from(message)), always(responseTag, inner)]);
}

const nameTag = (1 << 3) | 2;
const versionTag = (2 << 3) | 2;
const idTag = (3 << 3) | 2;

/** A string field; an empty one is left out, as proto3 does. */
function field(tag: number, bytes: Buffer): Buffer {
  return bytes.byteLength === 0 ? bytes : always(tag, bytes);
}

function always(tag: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(1 + varintBytes(bytes.byteLength));
  head[0] = tag;
  writeVarint(head, 1, bytes.byteLength);
  return Buffer.concat([head, bytes]);
}
