import { InferenceError } from '../inference/error.js';
import type { ModelConfig } from '../generated/model_config_pb.js';

/** Which of the versions that lie there shall serve, and which were asked for and are missing. */
export interface VersionChoice {
  readonly chosen: readonly number[];
  readonly missing: readonly number[];
}

/** The versions that the policy of a normalised config selects, ascending. */
export function chooseVersions(config: ModelConfig, present: readonly number[]): VersionChoice {
  const ascending = [...present].sort((a, b) => a - b);
  const choice = config.versionPolicy?.policyChoice;
  let chosen: number[];
  let missing: number[] = [];
  switch (choice?.case) {
    case 'all':
      chosen = ascending;
      break;
    case 'specific': {
      const wanted = choice.value.versions.map(Number);
      chosen = ascending.filter((version) => wanted.includes(version));
      missing = wanted.filter((version) => !ascending.includes(version));
      break;
    }
    default: {
      const count = choice?.case === 'latest' ? choice.value.numVersions : 1;
      chosen = count === 0 ? [] : ascending.slice(-count);
      break;
    }
  }
  if (chosen.length === 0) {
    throw new InferenceError(
      'invalid-argument',
      `at least one version must be available under the version policy of model '${config.name}'`,
    );
  }
  return { chosen, missing };
}
