import { InferenceError } from '../inference/error.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { describeProblem } from './problem.js';

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
    const message = `at least one version must be available under the version policy of model '${config.name}'`;
    const remedy =
      ascending.length === 0
        ? `put the model file into a folder whose name is the version, as in '${config.name}/1/model.onnx'`
        : `let version_policy choose one of the versions that are there: ${ascending.join(', ')}`;
    throw new InferenceError('invalid-argument', describeProblem({ message, remedy }));
  }
  return { chosen, missing };
}
