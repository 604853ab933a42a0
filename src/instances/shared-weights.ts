import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Where in its folder a model lies whose weights its sessions share. */
export function sharedModelFile(folder: string): string {
  return path.join(folder, 'model.onnx');
}

/** Writes a model into a folder in that form. */
export type WriteSharedModel = (folder: string) => Promise<void>;

/**
 * The shared form of one model while sessions are being opened from it. It is written for the first of
 * them into a temporary folder, and removed after the last: mapped weights need no name, and nothing is
 * left behind when the process ends. Sessions that are opened later, when one was lost, share a new one.
 */
export class SharedWeights {
  readonly #write: WriteSharedModel;
  #users = 0;
  #current: { readonly folder: Promise<string>; readonly file: Promise<string> } | undefined;

  constructor(write: WriteSharedModel) {
    this.#write = write;
  }

  async open<T>(openFrom: (file: string) => Promise<T>): Promise<T> {
    this.#users++;
    this.#current ??= this.#start();
    const { folder, file } = this.#current;
    try {
      return await openFrom(await file);
    } finally {
      this.#users--;
      if (this.#users === 0) {
        this.#current = undefined;
        await remove(await folder.catch(() => undefined));
      }
    }
  }

  #start(): { folder: Promise<string>; file: Promise<string> } {
    const folder = mkdtemp(path.join(tmpdir(), 'nereid-weights-'));
    const file = folder.then(async (written) => {
      await this.#write(written);
      return sharedModelFile(written);
    });
    return { folder, file };
  }
}

/** Where a mapped file cannot be removed it stays for the system to clear away. */
async function remove(folder: string | undefined): Promise<void> {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => {});
}
