import type { ModelConfig, ModelInstanceGroup } from '../generated/model_config_pb.js';
import { nearest } from './nearest.js';
import { checkCount, groupThreadsPrefix, positiveCount } from './parameters.js';
import { at, invalid, type Problem } from './problem.js';

/** What is wrong with the parameters that give one instance group a thread count of its own. */
export function* checkGroupThreads(config: ModelConfig): Generator<Problem> {
  const groups = config.instanceGroup.map(({ name }) => name);
  for (const [key, { stringValue }] of Object.entries(config.parameters)) {
    if (!key.startsWith(groupThreadsPrefix)) continue;
    const path = `parameters["${key}"]`;
    const group = key.slice(groupThreadsPrefix.length);
    if (!groups.includes(group)) {
      const meant = nearest(group, groups);
      const names = groups.map((name) => `'${name}'`).join(', ');
      yield at(
        path,
        invalid(
          `parameter '${key}' of model '${config.name}' names the unknown instance group '${group}'`,
          meant === undefined ? `the instance groups are: ${names}` : `did you mean '${meant}'?`,
        ),
      );
    }
    const wrong = checkCount(stringValue);
    if (wrong !== undefined) yield at(path, invalid(wrong, 'write an integer, as in "1"'));
  }
}

/** The intra-op threads that a config names for a group, or for the whole model; else the server chooses. */
export function namedIntraOpThreads(config: ModelConfig, group: ModelInstanceGroup): number | undefined {
  return (
    positiveCount(config.parameters[`${groupThreadsPrefix}${group.name}`]?.stringValue ?? '') ??
    positiveCount(config.parameters['intra_op_thread_count']?.stringValue ?? '')
  );
}
