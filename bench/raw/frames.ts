/** Frames of HTTP/2 as bytes: what a client writes that knows what it does, or that means harm. */

export const type = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4 } as const;

/** REFUSED_STREAM: nothing was done for the call, it can be made again. */
export const refusedCode = 7;
const cancelCode = 8;

const codeNames = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
];

export function codeName(code: number): string {
  return codeNames[code] ?? `code ${code}`;
}

export const frameHeadBytes = 9;
/** What every server takes in one frame. */
export const frameBytesMax = 16384;

export interface FrameHead {
  readonly type: number;
  readonly flags?: number;
  readonly stream: number;
}

export function frame({ type, flags = 0, stream }: FrameHead, payload: Uint8Array = noBytes): Buffer {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + payload.byteLength);
  bytes.writeUIntBE(payload.byteLength, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(stream, 5);
  bytes.set(payload, frameHeadBytes);
  return bytes;
}

const noBytes = new Uint8Array(0);

export function uint32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const setting = { headerTableSize: 1, initialWindowSize: 4 } as const;

export function settingsFrame(values: readonly (readonly [id: number, value: number])[]): Buffer {
  const entries = values.map(([id, value]) =>
    Buffer.concat([Buffer.from([id >> 8, id & 255]), uint32(value)]),
  );
  return frame({ type: type.settings, stream: 0 }, Buffer.concat(entries));
}

export function windowUpdate(stream: number, bytes: number): Buffer {
  return frame({ type: type.windowUpdate, stream }, uint32(bytes));
}

export function resetFrame(stream: number): Buffer {
  return frame({ type: type.reset, stream }, uint32(cancelCode));
}

export type Fields = readonly (readonly [name: string, value: string])[];

/** Header fields in HPACK's plainest form: literals that enter no table; texts below 127 bytes. */
export function headerBlock(fields: Fields): Buffer {
  return Buffer.concat(
    fields.flatMap(([name, value]) => [
      Buffer.from([0, name.length]),
      Buffer.from(name, 'latin1'),
      Buffer.from([value.length]),
      Buffer.from(value, 'latin1'),
    ]),
  );
}

/** The header block of a gRPC call, with what is added to it. */
export function callHeaders(path: string, more: Fields = []): Buffer {
  return headerBlock([
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', '127.0.0.1'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ]);
}

/** A message in gRPC's frame; `length` and `flag` may say something else than is true. */
export function framed(message: Uint8Array, said: { flag?: number; length?: number } = {}): Buffer {
  const bytes = Buffer.allocUnsafe(5 + message.byteLength);
  bytes[0] = said.flag ?? 0;
  bytes.writeUInt32BE(said.length ?? message.byteLength, 1);
  bytes.set(message, 5);
  return bytes;
}

/** DATA frames of one stream, made one by one; the last one ends it when asked. */
export function* dataFrames(stream: number, bytes: Buffer, end: boolean): Generator<Buffer> {
  for (let at = 0; at < bytes.byteLength; at += frameBytesMax) {
    const last = end && at + frameBytesMax >= bytes.byteLength;
    const head = { type: type.data, flags: last ? flag.endStream : 0, stream };
    yield frame(head, bytes.subarray(at, at + frameBytesMax));
  }
}

/** `grpc-status` as HPACK's Huffman code writes it, and plainly. */
const statusNames = [Buffer.from('9acac8b21234da8f', 'hex'), Buffer.from('grpc-status')];
/** Decimal digits in HPACK's Huffman code, padded to a byte each. */
const huffmanDigits = [0x07, 0x0f, 0x17, 0x67, 0x6b, 0x6f, 0x73, 0x77, 0x7b, 0x7f];

/**
 * The gRPC status in a header block, if it stands there as a literal: so it does when the client allows
 * the server no dynamic table. Good enough to tell a person, and no HPACK.
 */
export function statusIn(block: Buffer): number | undefined {
  for (const name of statusNames) {
    const found = block.indexOf(name);
    if (found < 0) continue;
    const at = found + name.byteLength;
    const length = (block[at] ?? 0) & 0x7f;
    const huffman = ((block[at] ?? 0) & 0x80) !== 0;
    const value = block.subarray(at + 1, at + 1 + length);
    if (!huffman) return Number(value.toString('latin1'));
    const digit = huffmanDigits.indexOf(value[0] ?? 0);
    return length === 1 && digit >= 0 ? digit : undefined;
  }
  return undefined;
}
