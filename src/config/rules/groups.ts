import {
  ModelInstanceGroup_Kind as Kind,
  type ModelConfig,
  type ModelInstanceGroup,
} from '../../generated/model_config_pb.js';
import { at, invalid, type Problem } from '../problem.js';

/** Triton's rules for instance groups, and ours that some instance must take requests. */
export function* checkGroups(config: ModelConfig, gpus: readonly number[]): Generator<Problem> {
  const { name, platform, instanceGroup: groups } = config;
  if (platform === 'ensemble') return;
  if (groups.length === 0) {
    yield at(
      'instance_group',
      invalid(
        `must specify one or more 'instance group's for ${name}`,
        'write instance_group [ { kind: KIND_CPU count: 1 } ]',
      ),
    );
  }
  for (const [index, group] of groups.entries()) {
    const path = `instance_group[${index}]`;
    yield* checkKind(group, { model: name, path, available: gpus });
    if (group.profile.length > 0 && platform !== 'tensorrt_plan') {
      yield at(
        `${path}.profile`,
        invalid(
          // Triton leaves the blank out.
          `instance group ${group.name} of model ${name} and platform ${platform}specifies profile field which is only supported for TensorRT models`,
          'remove profile',
        ),
      );
    }
  }
  if (groups.length > 0 && groups.every((group) => group.passive)) {
    yield at(
      'instance_group',
      invalid(
        `every instance group of model ${name} is passive: no instance would run its requests`,
        'remove passive: true from one of them, or add a group without it',
      ),
    );
  }
}

const kindNames: Readonly<Record<Kind, string>> = {
  [Kind.AUTO]: 'KIND_AUTO',
  [Kind.GPU]: 'KIND_GPU',
  [Kind.CPU]: 'KIND_CPU',
  [Kind.MODEL]: 'KIND_MODEL',
};

function* checkKind(
  { name, kind, gpus }: ModelInstanceGroup,
  { model, path, available }: { model: string; path: string; available: readonly number[] },
): Generator<Problem> {
  const subject = `instance group ${name} of model ${model}`;
  if (kind === Kind.GPU) {
    for (const problem of checkGpus(gpus, subject, available)) yield at(`${path}.kind`, problem);
  } else if (kind === Kind.AUTO || !Object.hasOwn(kindNames, kind)) {
    const message = `${subject} has unexpected kind ${kindNames[kind] ?? ''}`;
    const remedy = 'write kind: KIND_CPU or kind: KIND_GPU';
    yield { code: 'internal', message, remedy, path: `${path}.kind` };
  } else if (gpus.length > 0) {
    const remedy = available.length === 0 ? ' (this server has no GPU)' : ', or set kind: KIND_GPU';
    yield at(
      `${path}.gpus`,
      invalid(
        `${subject} has kind ${kindNames[kind]} but specifies one or more GPUs`,
        `remove gpus: [ ${gpus.join(', ')} ]${remedy}`,
      ),
    );
  }
}

function* checkGpus(
  gpus: readonly number[],
  subject: string,
  available: readonly number[],
): Generator<Problem> {
  if (available.length === 0) {
    yield invalid(
      `${subject} has kind KIND_GPU but no GPUs are available`,
      'set kind: KIND_CPU; or, on a machine with an NVIDIA GPU, install the CUDA libraries of onnxruntime-node (see "GPU" in README.md)',
    );
    return;
  }
  const remedy = `the GPUs here are: ${available.join(', ')}`;
  if (gpus.length === 0) yield invalid(`${subject} has kind KIND_GPU but specifies no GPUs`, remedy);
  for (const id of gpus.filter((one) => !available.includes(one))) {
    yield invalid(`${subject} specifies invalid or unsupported gpu id ${id}`, remedy);
  }
}
