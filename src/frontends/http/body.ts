import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { ReceivedBody, WantedBody } from './exchange.js';
import { HttpFailure } from './status.js';
import type { BodyTaker, Carried } from './transport.js';

/** What all bodies together may take, and how long one may stand still. */
export interface BodyLimits {
  readonly receivingBytesMax: number;
  readonly receiveTimeoutMs: number;
}

/** Looks for bodies that stand still so often while one is late. */
const looksPerTimeout = 4;

/**
 * The bodies that are being received. Bounds: the bytes of all of them that nobody has taken over, the small chunks of one,
 * and the time in which nothing comes. The last two end the connection.
 */
export class Bodies {
  readonly #limits: BodyLimits;
  readonly #open = new Set<Reception>();
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: BodyLimits) {
    this.#limits = limits;
  }

  /** Bytes that are held now. */
  get heldBytes(): number {
    return this.#bytes;
  }

  /** Receives a body; the rest of one that is refused is thrown away. */
  receive(carried: Pick<Carried, 'receive'>, wanted: WantedBody): Promise<ReceivedBody> {
    return new Promise((resolve, reject) => {
      const reception = new Reception(this, { ...wanted, resolve, reject });
      this.#open.add(reception);
      this.#timer ??= this.#watch();
      carried.receive(reception);
    });
  }

  /** Takes bytes into the count; false when there are too many. A body that is alone may be as large as it likes. */
  enter(bytes: number): boolean {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#limits.receivingBytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  leave(bytes: number): void {
    this.#bytes -= bytes;
  }

  ended(reception: Reception): void {
    this.#open.delete(reception);
  }

  #watch(): NodeJS.Timeout {
    const { receiveTimeoutMs } = this.#limits;
    const everyMs = Math.max(1, Math.ceil(receiveTimeoutMs / looksPerTimeout));
    return setInterval(() => {
      for (const reception of this.#open) reception.look(looksPerTimeout);
      if (this.#open.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    }, everyMs).unref();
  }
}

/** As in Triton; only small chunks are counted, for a large one comes in several pieces. */
const smallChunksMax = 65_536;
const smallChunkBytes = 1024;

interface Wanted extends WantedBody {
  readonly resolve: (body: ReceivedBody) => void;
  readonly reject: (error: Error) => void;
}

/** One body on its way in. */
class Reception implements ReceivedBody, BodyTaker {
  pieces: readonly Uint8Array[] = [];
  byteLength = 0;
  readonly #bodies: Bodies;
  readonly #wanted: Wanted;
  #heldBytes = 0;
  #smallChunkCount = 0;
  #over = false;
  #giveBack: (() => void) | undefined = undefined;
  /** What had come at the last look, and how many looks ago that was. */
  #seenBytes = -1;
  #stoodCount = 0;

  constructor(bodies: Bodies, wanted: Wanted) {
    this.#bodies = bodies;
    this.#wanted = wanted;
  }

  get givesBack(): boolean {
    return this.#wanted.givesBack;
  }

  admit(bytes: number): boolean {
    if (this.#over) return false;
    this.byteLength += bytes;
    const refusal = this.#refusal(bytes);
    if (refusal === undefined) this.#heldBytes += bytes;
    else this.#fail(refusal);
    return refusal === undefined;
  }

  complete(pieces: Uint8Array[], giveBack?: () => void): void {
    if (this.#over) return;
    this.#end();
    this.pieces = pieces;
    this.#giveBack = giveBack;
    this.#wanted.resolve(this);
  }

  gone(): void {
    if (!this.#over) this.#fail(clientGone());
  }

  grow(bytes: number): void {
    if (!this.#bodies.enter(bytes)) throw tooManyBytes();
    this.#heldBytes += bytes;
  }

  letGo(): void {
    this.#bodies.leave(this.#heldBytes);
    this.#heldBytes = 0;
  }

  giveBack(): void {
    const giveBack = this.#giveBack;
    this.#giveBack = undefined;
    giveBack?.();
  }

  /** Notes that time has passed; a body to which nothing was added for `looksMax` looks has failed. */
  look(looksMax: number): void {
    this.#stoodCount = this.#seenBytes === this.byteLength ? this.#stoodCount + 1 : 0;
    this.#seenBytes = this.byteLength;
    if (this.#stoodCount < looksMax) return;
    const message = `the request body stands still: ${this.byteLength} bytes have come`;
    this.#fail(new HttpFailure(408, message, closing));
  }

  /** Why these bytes are too many; else they are counted. */
  #refusal(bytes: number): Error | undefined {
    if (this.byteLength > this.#wanted.bytesMax) return this.#wanted.refuse(this.byteLength);
    if (bytes < smallChunkBytes && ++this.#smallChunkCount > smallChunksMax) return tooManyChunks();
    return this.#bodies.enter(bytes) ? undefined : tooManyBytes();
  }

  #fail(error: Error): void {
    if (this.#over) return;
    this.#end();
    this.letGo();
    this.#wanted.reject(error);
  }

  #end(): void {
    this.#over = true;
    this.#bodies.ended(this);
  }
}

const closing = { connection: 'close' };

function tooManyChunks(): Error {
  return new HttpFailure(
    400,
    `Chunked request body exceeds maximum of ${smallChunksMax} non-empty chunks. Send fewer or larger HTTP chunks.`,
    closing,
  );
}

function tooManyBytes(): Error {
  return new InferenceError(
    'unavailable',
    'the bodies of all requests together exceed --http-max-receiving-bytes',
  );
}

/** Nobody is told. */
function clientGone(): Error {
  return new InferenceError('cancelled', '');
}

/** The refusal of a body that may not be so large. */
export function tooLarge(bytesMax: number): Error {
  return invalidArgument(
    `request body exceeds the maximum allowed input size of ${bytesMax} bytes. Use --http-max-input-size to increase the limit.`,
  );
}
