import { InferenceError, invalidArgument } from '../inference/error.js';
import type { LoadOutcome } from '../repository/known-model.js';
import type { LoadOverride } from '../repository/override.js';
import type { Repository } from '../repository/repository.js';

/** Loading and unloading by a call, with Triton's rules of what may be asked and its texts for what came of it. */

/** Resolves when all chosen versions of the model serve. */
export async function loadModel(
  repository: Repository,
  given: string,
  override: LoadOverride,
): Promise<void> {
  refuseUnlessExplicit(repository);
  const name = trimmed(given);
  if (name === '..' || name.includes('/')) {
    throw invalidArgument(
      `invalid model name '${name}', model name must not contain path traversal characters`,
    );
  }
  for (const outcome of await repository.load(name, override)) {
    const error = toLoadError(name, outcome);
    if (error !== undefined) throw error;
  }
}

/** Resolves when no version takes requests any more, which is before they have answered those that they have. */
export async function unloadModel(repository: Repository, given: string): Promise<void> {
  refuseUnlessExplicit(repository);
  await repository.unload(trimmed(given));
}

function refuseUnlessExplicit({ control }: Repository): void {
  if (control === 'explicit') return;
  throw new InferenceError(
    'unavailable',
    'explicit model load / unload is not allowed if polling is enabled',
  );
}

function trimmed(given: string): string {
  const name = given.trim();
  if (name === '') throw invalidArgument('Model name cannot be empty. Please enter a valid name to deploy.');
  return name;
}

function toLoadError(name: string, outcome: LoadOutcome): InferenceError | undefined {
  switch (outcome.kind) {
    case 'ready':
      return undefined;
    case 'refused':
      // The log says what is wrong; the text is what clients of Triton know.
      return new InferenceError(
        'internal',
        `failed to load '${name}', failed to poll from model repository`,
        { cause: outcome.error },
      );
    case 'no-version':
      return invalidArgument(`load failed for model '${name}': ${outcome.error.message}\n`);
    case 'failed': {
      const reasons = outcome.failures.map(
        ([version, error]) => `version ${version} is at UNAVAILABLE state: ${error.describe()};`,
      );
      return invalidArgument(`load failed for model '${name}': ${reasons.join('')}\n`);
    }
  }
}
