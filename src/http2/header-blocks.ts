import { flag } from './frames.js';

/** What came of a HEADERS or CONTINUATION frame. */
export type BlockStep =
  /** More frames of the block must follow. */
  | { readonly kind: 'more' }
  | { readonly kind: 'whole'; readonly bytes: Buffer; readonly start: number; readonly end: number }
  | { readonly kind: 'broken'; readonly reason: string }
  /** Longer than any list of fields that is taken. */
  | { readonly kind: 'too-long' };

const more: BlockStep = { kind: 'more' };

/** A CONTINUATION that brings little is sent by nobody but to cost time. */
const framesMax = 64;

/**
 * RFC 9113 §4.3, §6.2, §6.10: a field block may come in several frames with nothing between them.
 * Bound: one block of at most `bytesMax` in at most 64 frames.
 */
export class HeaderBlocks {
  /** Of the block that is gathered; 0 when there is none. */
  streamId = 0;
  /** Whether the block's first frame also ends the stream. */
  endStream = false;
  readonly #bytesMax: number;
  #fragments: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The payload of a HEADERS frame, with the padding and the priority that may be around its fragment. */
  begin(frame: { streamId: number; flags: number }, payload: Buffer): BlockStep {
    let [start, end] = [0, payload.byteLength];
    if ((frame.flags & flag.padded) !== 0) {
      end -= payload[0] ?? end;
      start++;
    }
    if ((frame.flags & flag.priority) !== 0) {
      if (end - start >= 5 && (payload.readUInt32BE(start) & 0x7fffffff) === frame.streamId) {
        return { kind: 'broken', reason: 'a stream that depends on itself' };
      }
      start += 5;
    }
    if (start > end) return { kind: 'broken', reason: 'padding or priority longer than its frame' };
    this.endStream = (frame.flags & flag.endStream) !== 0;
    if ((frame.flags & flag.endHeaders) !== 0) return { kind: 'whole', bytes: payload, start, end };
    this.streamId = frame.streamId;
    return this.#gather(payload.subarray(start, end));
  }

  continue(flags: number, payload: Buffer): BlockStep {
    const step = this.#gather(payload);
    if (step.kind !== 'more' || (flags & flag.endHeaders) === 0) return step;
    const bytes = Buffer.concat(this.#fragments, this.#bytes);
    this.#fragments = [];
    this.#bytes = 0;
    this.streamId = 0;
    return { kind: 'whole', bytes, start: 0, end: bytes.byteLength };
  }

  #gather(fragment: Buffer): BlockStep {
    this.#bytes += fragment.byteLength;
    if (this.#bytes > this.#bytesMax || this.#fragments.length === framesMax) return { kind: 'too-long' };
    this.#fragments.push(Buffer.from(fragment));
    return more;
  }
}
