import { setImmediate as nextTurn } from 'node:timers/promises';
import { InferenceError } from '../../inference/error.js';
import { OffloadPool } from '../../offload/pool.js';
import { readInferRequest, type ReadLimits, type WireInferRequest } from './codec/infer-request.js';
import { responseJson, type ResponseForm } from './codec/infer-response.js';
import type { JsonTask, JsonWorkResult } from './codec/json-work.js';
import { RememberedRequest } from './remembered-request.js';

/** JSON up to this is read and written on the event loop: it takes some 100 µs at most. */
const inlineBytesMax = 16 * 1024;
/** Outputs up to this are. A number takes up to 0.2 µs to write. */
const inlineOutputBytesMax = 4 * 1024;
/** What is copied in one turn of the event loop. */
const turnBytesMax = 256 * 1024;
/** A thread takes some 50 ms to start: it stays through the pauses of a caller. */
const idleTimeoutMs = 30_000;

/** Reads and writes JSON: small pieces of it at once, all other in threads. */
export class JsonCodec {
  readonly #pool: OffloadPool<JsonTask, JsonWorkResult>;
  readonly #remembered = new RememberedRequest();

  constructor(threadsMax: number) {
    const module = new URL('codec/json-work.js', import.meta.url);
    this.#pool = new OffloadPool({ module, threadsMax, idleTimeoutMs });
  }

  /** Reads a request. Large pieces are taken away: nobody else may read them any more. */
  async read(
    pieces: readonly Uint8Array[],
    byteLength: number,
    limits: ReadLimits,
  ): Promise<WireInferRequest> {
    if (byteLength <= inlineBytesMax) return this.#readHere(joined(pieces), limits);
    const own = await ownPieces(pieces, byteLength);
    const result = await this.#pool.run({ kind: 'read', pieces: own, limits }, buffersOf(own));
    return expect(result, 'read').request;
  }

  #readHere(json: Uint8Array, limits: ReadLimits): WireInferRequest {
    const known = this.#remembered.find(json);
    if (known !== undefined) return known;
    const request = readInferRequest(json, limits);
    this.#remembered.keep(json, request);
    return request;
  }

  /** Writes an answer. */
  async write(response: ResponseForm): Promise<readonly Uint8Array[]> {
    let jsonBytes = 0;
    for (const { as, data } of response.outputs) if (as === 'json') jsonBytes += data.byteLength;
    if (jsonBytes <= inlineOutputBytesMax) return responseJson(response);
    const buffers: ArrayBuffer[] = [];
    const outputs = [];
    for (const output of response.outputs) {
      const { name, datatype, shape, as } = output;
      const data =
        as === 'json' ? await copyInTurns([output.data], output.data.byteLength) : new Uint8Array(0);
      if (as === 'json') buffers.push(data.buffer);
      outputs.push({ name, datatype, shape, data, as, binaryBytes: output.data.byteLength });
    }
    const result = await this.#pool.run({ kind: 'write', response: { ...response, outputs } }, buffers);
    return expect(result, 'written').pieces;
  }
}

function expect<Kind extends JsonWorkResult['kind']>(
  result: JsonWorkResult,
  kind: Kind,
): Extract<JsonWorkResult, { kind: Kind }> {
  if (result.kind === 'failed') throw new InferenceError(result.code, result.message);
  if (result.kind !== kind) throw new Error(`The thread answered '${result.kind}'. This is a bug.`);
  return result as Extract<JsonWorkResult, { kind: Kind }>;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = pieces;
  return first !== undefined && others.length === 0 ? first : Buffer.concat(pieces);
}

/** To hand over many small pieces takes longer than to copy them. */
const handedBytesMin = 8 * 1024;

/** The same bytes in memory that nobody else has a view of. */
async function ownPieces(pieces: readonly Uint8Array[], byteLength: number): Promise<Uint8Array[]> {
  if (pieces.length * handedBytesMin > byteLength) return [await copyInTurns(pieces, byteLength)];
  return pieces.map((piece) => (ownsBuffer(piece) ? piece : new Uint8Array(piece)));
}

/** Whether a piece is all that its memory is for. */
function ownsBuffer({ buffer, byteLength }: Uint8Array): boolean {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
}

function buffersOf(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  return pieces.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
}

/** Pieces that are copied in one turn at most, however small. */
const turnPiecesMax = 1024;

async function copyInTurns(
  pieces: readonly Uint8Array[],
  byteLength: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const copy = new Uint8Array(Buffer.allocUnsafeSlow(byteLength).buffer);
  let [at, turnBytes, turnPieces] = [0, 0, 0];
  for (const piece of pieces) {
    for (let from = 0; from < piece.byteLength; from += turnBytesMax) {
      const part = piece.subarray(from, from + turnBytesMax);
      if (turnBytes + part.byteLength > turnBytesMax || ++turnPieces > turnPiecesMax) {
        await nextTurn();
        [turnBytes, turnPieces] = [0, 0];
      }
      copy.set(part, at);
      at += part.byteLength;
      turnBytes += part.byteLength;
    }
  }
  return copy;
}
