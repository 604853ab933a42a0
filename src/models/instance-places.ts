import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../generated/model_config_pb.js';

/** Where one instance runs. */
export interface Place {
  readonly name: string;
  readonly gpu: number;
}

/** One place for each instance that the config's groups ask for. */
export function listPlaces(config: ModelConfig): Place[] {
  return config.instanceGroup.flatMap((group) => {
    const devices = group.kind === Kind.GPU ? group.gpus : [-1];
    return devices.flatMap((gpu) =>
      Array.from({ length: group.count }, (_, index) => ({ name: `${group.name}_${index}`, gpu })),
    );
  });
}

/** Instances of one version of a model. */
export function countInstances(config: ModelConfig): number {
  return listPlaces(config).length;
}
