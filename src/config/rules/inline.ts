import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../../generated/model_config_pb.js';
import { namedIntraOpThreads } from '../group-threads.js';
import { instancesKey, runsInline, toSessionSettings } from '../parameters.js';
import { unsupported, type Problem } from '../problem.js';

/** What a config may not ask of an instance that runs on the event loop: whatever would make it slow, or several. */
export function* checkInline(config: ModelConfig): Generator<Problem> {
  if (!runsInline(config)) return;
  const parameter = `parameter '${instancesKey}' of model '${config.name}' is 'inline', which`;
  const groups = config.instanceGroup.filter(({ passive }) => !passive);
  for (const { name } of groups.filter(({ kind }) => kind === Kind.GPU)) {
    yield unsupported(
      `${parameter} is not supported for KIND_GPU, which instance group ${name} has`,
      'remove the parameter, or set kind: KIND_CPU',
    );
  }
  const count = groups.reduce((sum, group) => sum + group.count * Math.max(1, group.gpus.length), 0);
  if (count > 1) {
    yield unsupported(
      `${parameter} is for one instance, and the instance groups have ${count}: the event loop runs one batch at a time`,
      'set count: 1 in one instance group, or remove the parameter',
    );
  }
  const { interOpThreads, parallel, shareWeights } = toSessionSettings(config);
  const threads = Math.max(0, ...groups.map((group) => namedIntraOpThreads(config, group) ?? 1));
  if (threads > 1) yield manyThreads(parameter, `${threads} intra-op threads`);
  if (interOpThreads !== undefined && interOpThreads > 1) {
    yield manyThreads(parameter, `${interOpThreads} inter-op threads`);
  }
  if (parallel) yield manyThreads(parameter, 'execution_mode 1');
  if (shareWeights) {
    yield unsupported(
      `${parameter} leaves one instance, and 'nereid.share_weights' nobody to share with`,
      'remove one of the two',
    );
  }
}

function manyThreads(parameter: string, what: string): Problem {
  return unsupported(
    `${parameter} is not supported with ${what}: the event loop would wait for other threads`,
    `remove '${instancesKey}', or the thread count`,
  );
}
