import { listModels } from '../storage/list-models.js';
import { localise } from '../storage/localise.js';
import { openStorage } from '../storage/open-storage.js';
import type { Environment, Storage } from '../storage/storage.js';
import type { Log } from '../telemetry/log.js';
import { listModelFolders } from './layout.js';
import { toModelStamps, type ModelStamps } from './stamps.js';

/** A repository: a folder of models, wherever it lies. */
export interface ModelSource {
  /** As the user named it. */
  readonly place: string;
  /** Where it lies on this machine; undefined for one that does not. */
  readonly localFolder: string | undefined;
  /** The names of the models that lie there now; throws when there is no such place. */
  list(): Promise<string[]>;
  /** What tells whether a model has changed; undefined when it is not there. */
  stamp(name: string): Promise<ModelStamps | undefined>;
  /** The model's files in a folder of this machine. */
  fetch(name: string): Promise<ModelFolder>;
  close(): void;
}

/**
 * A folder of this machine with the files of a model. It is there as long as anybody uses it: who takes it
 * has it until `release`, and every further user says `retain`.
 */
export class ModelFolder {
  readonly path: string;
  readonly #remove: () => Promise<void>;
  #userCount = 1;

  constructor(folder: string, remove: () => Promise<void>) {
    this.path = folder;
    this.#remove = remove;
  }

  retain(): void {
    this.#userCount++;
  }

  /** To be called once by each user, when it is through. */
  async release(): Promise<void> {
    if (--this.#userCount === 0) await this.#remove();
  }
}

/** Opens a repository by its folder or URL, and looks whether it is there. */
export async function openSource(
  place: string,
  options: { readonly env: Environment; readonly log: Log; readonly signal: AbortSignal },
): Promise<ModelSource> {
  return toSource(await openStorage(place, options), options.log, options.signal);
}

/** Downloads end with the signal. */
export function toSource(storage: Storage, log: Log, signal: AbortSignal): ModelSource {
  const { url: place, localFolder } = storage;
  return {
    place,
    localFolder,
    async list() {
      if (localFolder !== undefined) return listModelFolders(localFolder);
      const { models, refused } = await listModels(storage, signal);
      for (const reason of refused) log.warning(`in '${place}': ${reason}`);
      return models.map(({ name }) => name);
    },
    async stamp(name) {
      const files = await storage.list(name, signal);
      return files.length === 0 ? undefined : toModelStamps(name, files);
    },
    async fetch(name) {
      const { folder, free } = await localise(storage, name, { log, signal });
      return new ModelFolder(folder, free);
    },
    close: () => storage.close(),
  };
}
