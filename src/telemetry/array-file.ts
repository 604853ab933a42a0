import { open, type FileHandle } from 'node:fs/promises';

export interface ArrayFileParts<Item> {
  /** The item's elements as JSON, joined by commas. */
  readonly encode: (item: Item) => string;
  /** What an item holds while it waits. */
  readonly bytesOf: (item: Item) => number;
  /** Items that were not written, and why. */
  readonly onLost: (count: number, reason: string) => void;
}

/** What may wait to be written. */
const pendingBytesMax = 32 * 1024 * 1024;
/** Encoding and writing go in pieces of about this, each in a turn of the event loop of its own. */
const pieceChars = 16_384;
const end = '\n]\n';

/**
 * A file that is a JSON array and grows: after each write it is a whole array, because the next write begins over
 * the closing bracket. Items are written in the order in which they came; those that cannot be written, or come
 * while 32 MiB wait, are lost, and that is told. The file is made, or emptied, with the first item.
 */
export class ArrayFile<Item> {
  readonly path: string;
  readonly #parts: ArrayFileParts<Item>;
  #pending: Item[] = [];
  #pendingBytes = 0;
  #handle: FileHandle | undefined;
  /** Where the closing bracket stands. */
  #endAt = 0;
  #writing: Promise<void> | undefined;

  constructor(path: string, parts: ArrayFileParts<Item>) {
    this.path = path;
    this.#parts = parts;
  }

  add(item: Item): void {
    const bytes = this.#parts.bytesOf(item);
    if (this.#pendingBytes + bytes > pendingBytesMax) {
      this.#parts.onLost(1, `more comes than is written to '${this.path}'`);
      return;
    }
    this.#pending.push(item);
    this.#pendingBytes += bytes;
    this.#writing ??= this.#write();
  }

  /** Resolves when all items so far are written, or cannot be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Writes what waits and lets go of the file; an item that comes later goes on where it ended. */
  async close(): Promise<void> {
    await this.flush();
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #write(): Promise<void> {
    while (this.#pending.length > 0) {
      // Encoding is none of the callers' time.
      await new Promise<void>((resolve) => setImmediate(resolve));
      const [taken, text] = this.#takePiece();
      try {
        await this.#append(text);
      } catch (error) {
        this.#parts.onLost(taken, error instanceof Error ? error.message : String(error));
      }
    }
    this.#writing = undefined;
  }

  #takePiece(): [number, string] {
    let text = '';
    let taken = 0;
    for (const item of this.#pending) {
      if (text.length >= pieceChars) break;
      text += `${text === '' ? '' : ',\n'}${this.#parts.encode(item)}`;
      this.#pendingBytes -= this.#parts.bytesOf(item);
      taken++;
    }
    this.#pending.splice(0, taken);
    return [taken, text];
  }

  async #append(text: string): Promise<void> {
    this.#handle ??= await open(this.path, this.#endAt === 0 ? 'w' : 'r+');
    const bytes = Buffer.from(`${this.#endAt === 0 ? '[\n' : ',\n'}${text}${end}`);
    let written = 0;
    while (written < bytes.byteLength) {
      const left = bytes.byteLength - written;
      const { bytesWritten } = await this.#handle.write(bytes, written, left, this.#endAt + written);
      written += bytesWritten;
    }
    this.#endAt += bytes.byteLength - end.length;
  }
}
