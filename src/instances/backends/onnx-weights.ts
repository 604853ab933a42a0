import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import path from 'node:path';
import { sharedModelFile } from '../shared-weights.js';
import * as fields from './onnx-fields.js';
import { editFields, readFields } from './protobuf-fields.js';

/**
 * Weights in a form that several sessions of a process map into memory and share: ONNX Runtime writes the
 * optimized model with its weights, as stored and as packed for its kernels, into a file beside it. That
 * file packs them without gaps, and kernels that find them at odd addresses crash, so they are moved apart.
 */

/** What ONNX Runtime calls the file of weights, and what the one is called whose weights are aligned. */
const packedName = 'packed.bin';
const alignedName = 'aligned.bin';

/** Smaller weights stay in the model's file. */
const sharedBytesMin = 1024;

/** No kernel loads more at once. */
const alignmentBytes = 64;

/** Session config entries with which ONNX Runtime writes the shared form when it opens a model. */
export const savingEntries: Readonly<Record<string, string>> = {
  'session.optimized_model_external_initializers_file_name': packedName,
  'session.optimized_model_external_initializers_min_size_in_bytes': String(sharedBytesMin),
  'session.save_external_prepacked_constant_initializers': '1',
};

/** A piece of the packed file, and where it goes in the aligned one. */
interface Piece {
  readonly from: number;
  readonly byteLength: number;
  readonly to: number;
}

/** Aligns the weights that ONNX Runtime has written. Blocks its thread: it copies all of them. */
export function alignWeights(folder: string): void {
  const packed = path.join(folder, packedName);
  if (!existsSync(packed)) return;
  const plan = new Layout();
  const model = editFields(readFileSync(sharedModelFile(folder)), (number, body) =>
    number === fields.model.graph ? editGraph(body, plan) : body,
  );
  copyPieces(packed, path.join(folder, alignedName), plan.pieces);
  writeFileSync(sharedModelFile(folder), model);
  // A weight that was overlooked is now missed at load, and never read from a wrong place.
  rmSync(packed);
}

function editGraph(graph: Uint8Array, plan: Layout): Uint8Array {
  return editFields(graph, (number, body) =>
    number === fields.graph.initializer ? editTensor(body, plan) : body,
  );
}

function editTensor(tensor: Uint8Array, plan: Layout): Uint8Array {
  const entries = new Map<string, string>();
  for (const { number, body } of readFields(tensor)) {
    if (number !== fields.tensor.externalData || body === undefined) continue;
    const [key, value] = readEntry(body);
    entries.set(key, value);
  }
  if (entries.get('location') !== packedName) return tensor;
  const offset = plan.place(entries.get('offset') ?? '0', entries.get('length') ?? '');
  return editFields(tensor, (number, body) => {
    if (number !== fields.tensor.externalData) return body;
    const [key, value] = readEntry(body);
    if (key === 'location') return writeValue(body, alignedName);
    if (key === 'offset') return writeValue(body, String(offset));
    return key.startsWith('prepacked') ? writeValue(body, movePacked(value, plan)) : body;
  });
}

function readEntry(entry: Uint8Array): [key: string, value: string] {
  const texts = new Map([...readFields(entry)].map(({ number, body }) => [number, body]));
  const text = (number: number): string => Buffer.from(texts.get(number) ?? []).toString();
  return [text(fields.entry.key), text(fields.entry.value)];
}

function writeValue(entry: Uint8Array, value: string): Uint8Array {
  return editFields(entry, (number, body) => (number === fields.entry.value ? Buffer.from(value) : body));
}

/** `kernel|offset;length;padding|…`: each piece is one buffer of the kernel. */
function movePacked(text: string, plan: Layout): string {
  const [kernel = '', ...pieces] = text.split('|');
  const moved = pieces.map((piece) => {
    const [offset = '', length = '', ...rest] = piece.split(';');
    return [plan.place(offset, length), length, ...rest].join(';');
  });
  return [kernel, ...moved].join('|');
}

/** Where every piece of the weights goes, one behind the other and each aligned. */
class Layout {
  readonly pieces: Piece[] = [];
  #end = 0;

  place(offset: string, length: string): number {
    if (!/^\d+$/.test(offset) || !/^\d+$/.test(length)) {
      throw new Error(`ONNX Runtime wrote weights at '${offset}' of length '${length}'`);
    }
    const to = Math.ceil(this.#end / alignmentBytes) * alignmentBytes;
    const byteLength = Number(length);
    this.pieces.push({ from: Number(offset), byteLength, to });
    this.#end = to + byteLength;
    return to;
  }
}

function copyPieces(source: string, target: string, pieces: readonly Piece[]): void {
  const files = { from: openSync(source, 'r'), to: openSync(target, 'wx') };
  const buffer = new Uint8Array(4 * 1024 * 1024);
  try {
    for (const piece of pieces) copyPiece(files, piece, buffer);
  } finally {
    closeSync(files.from);
    closeSync(files.to);
  }
}

function copyPiece(
  { from, to }: { readonly from: number; readonly to: number },
  piece: Piece,
  buffer: Uint8Array,
): void {
  for (let done = 0; done < piece.byteLength;) {
    const wanted = Math.min(buffer.byteLength, piece.byteLength - done);
    const read = readSync(from, buffer, 0, wanted, piece.from + done);
    if (read === 0) throw new Error('the file of weights that ONNX Runtime wrote ends before they do');
    for (let at = 0; at < read;) at += writeSync(to, buffer, at, read - at, piece.to + done + at);
    done += read;
  }
}
