import { InferenceError } from '../inference/error.js';
import type { Log } from '../telemetry/log.js';
import type { KnownModel } from './known-model.js';
import { duplicateReason } from './listing.js';
import type { ModelSource } from './source.js';

/** What the log says of models that cannot be loaded for what lies in the repositories, and the error that says the same. */

export function tellDuplicate(log: Log, name: string, places: readonly string[]): InferenceError {
  const lies = places.map((place) => `'${place}'`).join(', ');
  return tell(log, name, `${duplicateReason}: ${lies}. To mend it: keep one of them`);
}

export function tellMissing(log: Log, name: string, sources: readonly ModelSource[]): InferenceError {
  const places = sources.map(({ place }) => `'${place}'`).join(', ');
  return tell(log, name, `there is no folder '${name}' in ${places}`);
}

function tell(log: Log, name: string, message: string): InferenceError {
  log.error(`failed to load '${name}': ${message}`, { model: name });
  return new InferenceError('not-found', message);
}

/** Behind a load that failed. */
export function tellWhatServes(log: Log, { model, present }: KnownModel): void {
  if (present === undefined) return;
  const versions = present.versions.join(', ');
  log.info(`'${model.name}' goes on as it was loaded before: version ${versions}`, { model: model.name });
}
