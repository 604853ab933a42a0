import { mkdtemp, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Log } from '../telemetry/log.js';
import { InferenceError, invalidArgument } from '../inference/error.js';
import { downloadFiles } from './download.js';
import { cancelled, partsOf, reasonOf } from './failure.js';
import { stampOf, sumBytes } from './list-models.js';
import { unsafeReason } from './object-path.js';
import { DownloadProgress } from './progress.js';
import type { Storage, StoredFile } from './storage.js';

/** A model of a storage in a folder of this machine. */
export interface LocalModel {
  /** Its last name is the model's. */
  readonly folder: string;
  /** That of the `StoredModel` of which this is a copy. */
  readonly stamp: string;
  /** Removes the copy, once nothing needs its files; a model that was not copied stays. */
  readonly free: () => Promise<void>;
}

export interface LocaliseOptions {
  readonly log: Log;
  readonly signal?: AbortSignal;
  readonly nowMs?: () => number;
  /** How long nothing may come of a file before it is fetched again; a minute when left out. */
  readonly silenceMs?: number;
}

/** A model that keeps changing is not loadable now; whoever polls comes again. */
const attemptsMax = 5;

/**
 * Brings one model to this machine, as it was at one moment: a download during which the model changed is
 * done again. One that fails or is cancelled leaves nothing behind.
 */
export async function localise(
  storage: Storage,
  model: string,
  options: LocaliseOptions,
): Promise<LocalModel> {
  const reason = model === '' ? 'it is empty' : unsafeReason(model);
  if (reason !== undefined)
    throw invalidArgument(`'${model}' is no name of a model in '${storage.url}': ${reason}`);
  if (storage.localFolder !== undefined) {
    const files = await listModel(storage, model, options.signal);
    const folder = path.join(storage.localFolder, model);
    return { folder, stamp: stampOf(files), free: () => Promise.resolve() };
  }
  try {
    return await localiseCloud(storage, model, options);
  } catch (error) {
    if (options.signal?.aborted === true) throw cancelled(`the download of '${model}' from '${storage.url}'`);
    throw error;
  }
}

async function localiseCloud(storage: Storage, model: string, options: LocaliseOptions): Promise<LocalModel> {
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const files = await listModel(storage, model, options.signal);
    const copy = await tryCopy(storage, model, files, options);
    if (copy !== undefined) return copy;
    if (attempt < attemptsMax) {
      options.log.info(
        `'${model}' changed in '${storage.url}' while it was downloaded: it is downloaded again`,
        { model },
      );
    }
  }
  throw new InferenceError(
    'unavailable',
    `'${model}' changed in '${storage.url}' during each of ${attemptsMax} downloads. To mend it: load it when its upload is complete`,
  );
}

/** Makes a copy of these files; undefined when they are not what lies there any more. */
async function tryCopy(
  storage: Storage,
  model: string,
  files: readonly StoredFile[],
  options: LocaliseOptions,
): Promise<LocalModel | undefined> {
  const home = await makeHome(storage);
  const free = (): Promise<void> => rm(home, { recursive: true, force: true });
  const stamp = stampOf(files);
  let unchanged = false;
  const isUnchanged = async (): Promise<boolean> =>
    stampOf(await storage.list(model, options.signal)) === stamp;
  try {
    const folder = path.join(home, 'copy');
    await download(storage, model, { files, folder, parts: path.join(home, 'parts') }, options);
    unchanged = await isUnchanged();
    return unchanged ? { folder: path.join(folder, model), stamp, free } : undefined;
  } catch (error) {
    // A change is the likeliest reason of a failure; when that cannot be told, the failure itself is.
    if (options.signal?.aborted === true || (await isUnchanged().catch(() => true))) throw error;
    return undefined;
  } finally {
    if (!unchanged) await free();
  }
}

interface Copy {
  readonly files: readonly StoredFile[];
  readonly folder: string;
  readonly parts: string;
}

async function download(
  storage: Storage,
  model: string,
  { files, folder, parts }: Copy,
  { log, signal, nowMs = () => performance.now(), silenceMs = 60_000 }: LocaliseOptions,
): Promise<void> {
  const fileCount = files.filter((file) => !file.path.endsWith('/')).length;
  const about = { model, url: storage.url, totalBytes: sumBytes(files), fileCount };
  const progress = new DownloadProgress(about, log, nowMs);
  const watch = { progress, signal: signal ?? new AbortController().signal, silenceMs };
  await downloadFiles(storage, files, { folder, parts }, watch);
  await rm(parts, { recursive: true, force: true });
  progress.done();
}

async function listModel(
  storage: Storage,
  model: string,
  signal: AbortSignal | undefined,
): Promise<StoredFile[]> {
  const files = await storage.list(model, signal);
  if (files.length > 0) return files;
  throw new InferenceError('not-found', `there is no model '${model}' in '${storage.url}'`);
}

/** A folder of its own, so that copies of one model, old and new, lie side by side. */
async function makeHome(storage: Storage): Promise<string> {
  try {
    return await mkdtemp(path.join(storage.downloadFolder, 'nereid-model-'));
  } catch (error) {
    throw new InferenceError(
      'internal',
      `cannot make a folder for a copy in '${storage.downloadFolder}': ${reasonOf(partsOf(error))}`,
    );
  }
}
