import { moved } from '../../src/offload/moved.js';

/** Doubles each byte of what it was given, in the same memory, and hands that back. */
export default function work(bytes: Uint8Array<ArrayBuffer>): unknown {
  bytes.forEach((byte, at) => (bytes[at] = byte * 2));
  return moved(bytes, [bytes.buffer]);
}
