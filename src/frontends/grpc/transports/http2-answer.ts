import type { Body } from '../../../http2/stream.js';
import { Field } from '../../../http2/hpack/field.js';
import { repeated } from '../../../http2/hpack/encoder.js';
import type { GrpcStatus } from '../status.js';
import type { WireMessage } from '../transport.js';
import type { Compression } from './compression.js';
import { prefixBytes } from './message-reader.js';

const status200 = repeated(':status', '200');
const grpcType = repeated('content-type', 'application/grpc');
const okStatus = repeated('grpc-status', '0');
const acceptEncoding = repeated('grpc-accept-encoding', 'identity,deflate,gzip');

/** What answers begin with: two bytes from the second one of a connection on. */
export const answerHead: readonly Field[] = [status200, grpcType];

const compressedHeads: Readonly<Record<Compression, readonly Field[]>> = {
  gzip: [...answerHead, repeated('grpc-encoding', 'gzip')],
  deflate: [...answerHead, repeated('grpc-encoding', 'deflate')],
};

export function answerHeadOf(encoding: Compression | undefined): readonly Field[] {
  return encoding === undefined ? answerHead : compressedHeads[encoding];
}

/** What a call that went well ends with: one byte from the second one on. */
export const okTrailers: readonly Field[] = [okStatus];

/** What a call that failed ends with. */
export function failedTrailers({ code, details }: GrpcStatus): readonly Field[] {
  const status = new Field('grpc-status', String(code));
  return details === '' ? [status] : [status, new Field('grpc-message', percentEncode(details))];
}

/** A whole answer of a call that failed before it had one. */
export function failedAnswer(status: GrpcStatus): readonly Field[] {
  return [...answerHead, acceptEncoding, ...failedTrailers(status)];
}

/** The answer to what is no gRPC. */
export function httpAnswer(httpStatus: number): readonly Field[] {
  return [new Field(':status', String(httpStatus))];
}

/** UTF-8 where every byte that is not printable ASCII, and the percent sign, is written as %XX. */
function percentEncode(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text) && text.trim() === text) return text;
  let encoded = '';
  for (const byte of Buffer.from(text)) {
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** A message with the prefix of gRPC before it. */
export class FramedMessage implements Body {
  readonly byteLength: number;
  readonly #message: WireMessage;
  readonly #compressed: boolean;

  constructor(message: WireMessage, compressed: boolean) {
    this.#message = message;
    this.#compressed = compressed;
    this.byteLength = prefixBytes + message.byteLength;
  }

  copy(target: Uint8Array, at: number, from: number, to: number): void {
    if (from >= prefixBytes) {
      this.#message.copy(target, at, from - prefixBytes, to - prefixBytes);
      return;
    }
    const length = this.byteLength - prefixBytes;
    const stop = Math.min(to, prefixBytes);
    for (let i = from; i < stop; i++) {
      target[at + i - from] = i === 0 ? Number(this.#compressed) : length >>> (8 * (4 - i));
    }
    // A whole message is asked for as a whole: the shortest way of those who write it.
    if (to === this.byteLength) this.#message.copy(target, at + stop - from);
    else if (to > prefixBytes) this.#message.copy(target, at + stop - from, 0, to - prefixBytes);
  }
}
