import { stat } from 'node:fs/promises';
import path from 'node:path';
import { InferenceError } from '../inference/error.js';
import { isFolder, listModels } from './layout.js';
import { readStampedFiles, toModelStamps, type ModelStamps } from './stamps.js';

/** A repository: a folder of models, wherever it lies. */
export interface ModelSource {
  /** As the user named it. */
  readonly place: string;
  /** The names of the models that lie there now; throws when there is no such place. */
  list(): Promise<string[]>;
  /** What tells whether a model has changed; undefined when it is not there. */
  stamp(name: string): Promise<ModelStamps | undefined>;
  /** The model's files in a folder of this machine. */
  fetch(name: string): Promise<ModelFolder>;
}

/**
 * A folder of this machine with the files of a model. It is there as long as anybody uses it: who takes it
 * has it until `release`, and every further user says `retain`.
 */
export class ModelFolder {
  readonly path: string;
  readonly #remove: () => Promise<void>;
  #userCount = 1;

  constructor(folder: string, remove: () => Promise<void> = async () => {}) {
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

/** A folder of this machine: its models are used where they lie. */
export function localSource(place: string): ModelSource {
  return {
    place,
    async list() {
      if (!(await isFolder(place))) throw notAFolder(place);
      return listModels(place);
    },
    async stamp(name) {
      const folder = path.join(place, name);
      return (await isFolder(folder)) ? toModelStamps(await readStampedFiles(folder)) : undefined;
    },
    async fetch(name) {
      const folder = path.join(place, name);
      await stat(folder);
      return new ModelFolder(folder);
    },
  };
}

function notAFolder(place: string): InferenceError {
  return new InferenceError('invalid-argument', `repository path is not a valid directory: '${place}'`);
}
