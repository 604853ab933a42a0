import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { cloudStorage, type Bucket } from '../../src/storage/cloud.js';
import type { Storage } from '../../src/storage/storage.js';
import { memoryLog } from './server.js';

/** A bucket held in memory, which a test fills, changes and breaks while it is read. */
export class MemoryBucket implements Bucket {
  readonly objects = new Map<string, Buffer>();
  /** Called before each read, and may throw. */
  onRead: (key: string) => void = () => {};
  /** Bytes after which the stream of an object breaks, one number for each read of it. */
  readonly breaks = new Map<string, number[]>();
  /** Objects of which no byte ever comes. */
  readonly silent = new Set<string>();
  reading = 0;
  readingMax = 0;
  readCount = 0;

  put(objects: Readonly<Record<string, string>>): this {
    for (const [key, text] of Object.entries(objects)) this.objects.set(key, Buffer.from(text));
    return this;
  }

  async *list(prefix: string): ReturnType<Bucket['list']> {
    await turn();
    for (const [key, bytes] of this.objects) {
      const stamp = createHash('sha1').update(bytes).digest('hex');
      if (key.startsWith(prefix)) yield { key, sizeBytes: bytes.length, stamp };
    }
  }

  async read(key: string, _stamp: string, signal: AbortSignal): Promise<Readable> {
    this.readCount++;
    this.readingMax = Math.max(this.readingMax, ++this.reading);
    try {
      await turn();
      signal.throwIfAborted();
      this.onRead(key);
    } catch (error) {
      this.reading--;
      throw error;
    }
    const bytes = this.objects.get(key) ?? Buffer.alloc(0);
    const content = this.silent.has(key)
      ? new Readable({ read: () => {} })
      : Readable.from(chunksOf(bytes, this.breaks.get(key)?.shift()), { objectMode: false });
    return content.once('close', () => this.reading--);
  }

  kindOf(): 'other' {
    return 'other';
  }

  close(): void {}

  /** The repository in its folder `models`. */
  storage(downloadFolder: string): Storage {
    const words = { bucket: "bucket 'memory'", credentials: 'nothing', secrets: ['hush-hush'] };
    const options = { url: 'gs://memory/models', downloadFolder, env: {}, log: memoryLog().log };
    return cloudStorage({ kind: 'gs', bucket: this, folder: 'models', words }, options);
  }
}

async function* chunksOf(bytes: Buffer, breakAfter = Infinity): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 4) {
    await turn();
    if (at >= breakAfter) throw Object.assign(new Error('the line went dead'), { code: 'ECONNRESET' });
    yield bytes.subarray(at, at + 4);
  }
}
