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
const answerHead: readonly Field[] = [status200, grpcType];

const compressedHeads: Readonly<Record<Compression, readonly Field[]>> = {
  gzip: [...answerHead, repeated('grpc-encoding', 'gzip')],
  deflate: [...answerHead, repeated('grpc-encoding', 'deflate')],
};

export function answerHeadOf(encoding: Compression | undefined, added?: AnswerMetadata): readonly Field[] {
  const head = encoding === undefined ? answerHead : compressedHeads[encoding];
  return added === undefined ? head : [...head, ...added.initial];
}

/** What a call that went well ends with: one byte from the second one on. */
export const okTrailers: readonly Field[] = [okStatus];

/** Trailers, with what a service has added to them. */
export function trailersWith(trailers: readonly Field[], added?: AnswerMetadata): readonly Field[] {
  return added === undefined ? trailers : [...trailers, ...added.trailing];
}

/** What a call that failed ends with. */
export function failedTrailers({ code, details }: GrpcStatus): readonly Field[] {
  const status = new Field('grpc-status', String(code));
  return details === '' ? [status] : [status, new Field('grpc-message', percentEncode(details))];
}

/** What a service adds to an answer of its own. */
export class AnswerMetadata {
  readonly initial: Field[] = [];
  readonly trailing: Field[] = [];

  addInitial(key: string, value: string): void {
    this.initial.push(metadataField(key, value));
  }

  addTrailing(key: string, value: string): void {
    this.trailing.push(metadataField(key, value));
  }
}

/** A metadata entry as a field. */
function metadataField(key: string, value: string): Field {
  const text = key.endsWith('-bin') ? Buffer.from(value, 'latin1').toString('base64') : value;
  if (!/^[0-9a-z_.-]+$/.test(key) || !/^[\x20-\x7e]*$/.test(text)) {
    throw new Error(`metadata '${key}' has a key or a value that no header carries. This is a bug.`);
  }
  return new Field(key, text.trim());
}

/** A whole answer of a call that failed before it had one. */
export function failedAnswer(status: GrpcStatus, added?: AnswerMetadata): readonly Field[] {
  const whole = [...answerHead, acceptEncoding, ...failedTrailers(status)];
  return added === undefined ? whole : [...whole, ...added.initial, ...added.trailing];
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

  drop(): void {
    this.#message.drop?.();
  }
}
