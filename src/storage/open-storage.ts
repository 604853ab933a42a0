import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import type { Log } from '../telemetry/log.js';
import { InferenceError, invalidArgument } from '../inference/error.js';
import { readAsCredential, readGsCredential, readS3Credential } from './credentials.js';
import { openLocal } from './local.js';
import type { Environment, Storage } from './storage.js';
import { parseStorageUrl, showPlace, type StoragePlace } from './storage-url.js';

export interface OpenOptions {
  readonly env: Environment;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

const mountVariables = {
  s3: 'TRITON_AWS_MOUNT_DIRECTORY',
  gs: 'TRITON_GCS_MOUNT_DIRECTORY',
  as: 'TRITON_AZURE_MOUNT_DIRECTORY',
};

/**
 * Opens the repository at a URL of models.md's section 5.12 or in a folder, and looks whether it is there.
 * The vendor's package is loaded only now, and only the one that the URL needs.
 */
export async function openStorage(text: string, options: OpenOptions): Promise<Storage> {
  const place = parseStorageUrl(text);
  const storage = place.kind === 'local' ? openLocal(place.folder) : await openCloud(text, place, options);
  try {
    const files = await storage.list('', options.signal);
    if (files.length === 0 && place.kind !== 'local' && place.folder !== '') {
      throw new InferenceError(
        'not-found',
        `repository path is not a valid directory: nothing lies beneath '${storage.url}'. ` +
          `Expected folders of models, as in ${storage.url}/my_model/1/model.onnx`,
      );
    }
    return storage;
  } catch (error) {
    storage.close();
    throw error;
  }
}

async function openCloud(
  text: string,
  place: Exclude<StoragePlace, { kind: 'local' }>,
  { env, log }: OpenOptions,
): Promise<Storage> {
  const source = { text, env, log };
  const options = {
    url: showPlace(place),
    downloadFolder: await findDownloadFolder(mountVariables[place.kind], env),
    env,
    log,
  };
  switch (place.kind) {
    case 's3': {
      const { openS3 } = await import('./s3.js');
      return openS3(place, await readS3Credential(source), options);
    }
    case 'gs': {
      const { openGs } = await import('./gs.js');
      return openGs(place, await readGsCredential(source), options);
    }
    case 'as': {
      const { openAs } = await import('./as.js');
      return openAs(place, await readAsCredential(source), options);
    }
  }
}

async function findDownloadFolder(variable: string, env: Environment): Promise<string> {
  const named = env[variable];
  if (named === undefined || named === '') return tmpdir();
  const found = await stat(named).catch(() => undefined);
  if (found?.isDirectory() === true) return named;
  throw invalidArgument(
    `${variable} is '${named}', which is no folder. Expected an existing folder for the copies of models`,
  );
}
