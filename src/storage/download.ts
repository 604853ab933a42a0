import { setMaxListeners } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { InferenceError } from '../inference/error.js';
import { partsOf, reasonOf } from './failure.js';
import { targetOf } from './object-path.js';
import type { DownloadProgress } from './progress.js';
import type { Storage, StoredFile } from './storage.js';

/** A connection that broke midway is no reason to give up; what a store refuses is, at once. */
const triesMax = 3;

/** Where a copy grows: `parts` holds files that are not complete, on the same disk as `folder`. */
export interface DownloadTarget {
  readonly folder: string;
  readonly parts: string;
}

interface Watch {
  readonly progress: DownloadProgress;
  readonly signal: AbortSignal;
  /** A file of which nothing comes for so long is fetched again. */
  readonly silenceMs: number;
}

/**
 * Writes the files beneath a folder, each complete or not at all. Every name is looked at before a byte is
 * fetched, and the first failure ends all; when it rejects, nothing is being written any more.
 */
export async function downloadFiles(
  storage: Storage,
  files: readonly StoredFile[],
  target: DownloadTarget,
  { progress, signal, silenceMs }: Watch,
): Promise<void> {
  const places = files.map((file) => targetOf(target.folder, file.path));
  await mkdir(target.parts, { recursive: true });
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  setMaxListeners(0, either);
  const running = new Set<Promise<void>>();
  const fetched = files.map((file, i) =>
    storage.transfers.add(
      () => {
        const place = places[i] ?? target.folder;
        const part = path.join(target.parts, String(i));
        const work = fetchFile(storage, file, { place, part }, { progress, signal: either, silenceMs });
        running.add(work);
        return work.catch((error) => failed.abort(error));
      },
      { signal: either },
    ),
  );
  // The queue lets go of what runs when it is aborted; the files must be let go of too.
  await Promise.allSettled(fetched);
  await Promise.allSettled(running);
  failed.signal.throwIfAborted();
  signal.throwIfAborted();
}

async function fetchFile(
  storage: Storage,
  file: StoredFile,
  { place, part }: { place: string; part: string },
  watch: Watch,
): Promise<void> {
  try {
    await mkdir(file.path.endsWith('/') ? place : path.dirname(place), { recursive: true });
    if (file.path.endsWith('/')) return;
    for (let tries = 1; ; tries++) {
      const broken = await tryFile(storage, file, part, watch);
      if (broken === undefined) break;
      if (tries === triesMax || watch.signal.aborted) throw broken;
    }
    await rename(part, place);
  } catch (error) {
    if (error instanceof InferenceError || watch.signal.aborted) throw error;
    throw new InferenceError(
      'unavailable',
      `cannot copy '${file.path}' of '${storage.url}' to '${storage.downloadFolder}': ${reasonOf(partsOf(error))}`,
    );
  }
}

/** Fetches a file once; the result is why what came is not all of it. What the store refuses is thrown. */
async function tryFile(
  storage: Storage,
  file: StoredFile,
  part: string,
  { progress, signal, silenceMs }: Watch,
): Promise<Error | undefined> {
  const silent = new AbortController();
  const reason = new Error(`nothing came for ${silenceMs / 1000} s`);
  const timer = setTimeout(() => silent.abort(reason), silenceMs);
  const either = AbortSignal.any([signal, silent.signal]);
  setMaxListeners(0, either);
  let bytes = 0;
  const count = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      timer.refresh();
      bytes += chunk.length;
      progress.add(chunk.length);
      yield chunk;
    }
  };
  try {
    const source = await storage.read(file, either);
    await pipeline(source, count, createWriteStream(part), { signal: either });
    if (file.unpacked === true || bytes === file.sizeBytes) return undefined;
    throw new Error(`${bytes} bytes came of ${file.sizeBytes}`);
  } catch (error) {
    progress.add(-bytes);
    if (silent.signal.aborted) return reason;
    if (error instanceof InferenceError || !(error instanceof Error)) throw error;
    return error;
  } finally {
    clearTimeout(timer);
  }
}
