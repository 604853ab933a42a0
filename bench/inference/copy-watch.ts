import { renameSync, writeFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

// Loaded into a measured server with --import: counts on the event loop the bytes that JavaScript copies,
// by the function that copies them, and writes the counts into NEREID_COPY_FILE on SIGURG, then forgets them.
// Copies in the kernel, in a model and in the instance's thread are not seen.

/** Bytes by the name of the function that copied them. */
export type CopyReport = Readonly<Record<string, number>>;

/** What is smaller is a head or a status, not a tensor. */
const bytesLeast = 512;
const counted: Record<string, number> = {};
const file = process.env['NEREID_COPY_FILE'];
if (isMainThread && file !== undefined) watch(file);

function count(name: string, bytes: number): void {
  if (bytes >= bytesLeast) counted[name] = (counted[name] ?? 0) + bytes;
}

type Copy = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces a method by one that counts what its result or its first argument tells. */
function wrap(holder: object, method: string, bytesOf: (result: unknown, first: unknown) => number): void {
  const methods = holder as Record<string, Copy>;
  const original = methods[method];
  if (original === undefined) return;
  methods[method] = function counting(this: unknown, ...args: unknown[]): unknown {
    const result = original.apply(this, args);
    count(method, bytesOf(result, args[0]));
    return result;
  };
}

function sizeOf(value: unknown): number {
  return typeof value === 'object' && value !== null && 'byteLength' in value ? Number(value.byteLength) : 0;
}

function watch(file: string): void {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
  wrap(typedArray, 'set', (_, source) => sizeOf(source));
  wrap(typedArray, 'slice', sizeOf);
  wrap(ArrayBuffer.prototype, 'slice', sizeOf);
  wrap(Buffer.prototype, 'copy', Number);
  wrap(Buffer, 'concat', sizeOf);
  process.on('SIGURG', () => {
    writeFileSync(`${file}.part`, JSON.stringify(counted));
    renameSync(`${file}.part`, file);
    for (const name of Object.keys(counted)) delete counted[name];
  });
}
