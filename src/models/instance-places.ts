import { kindOfGroup } from '../config/compare.js';
import { namedIntraOpThreads } from '../config/group-threads.js';
import { runsInline } from '../config/parameters.js';
import { ModelInstanceGroup_Kind as Kind, type ModelConfig } from '../generated/model_config_pb.js';

/** Where one instance runs. */
export interface Place {
  readonly name: string;
  readonly gpu: number;
  /** Undefined where the config leaves the choice to the server. */
  readonly intraOpThreads: number | undefined;
  /** Alike for instances that can stand in for each other, whatever they are called. */
  readonly kind: string;
}

/** One place for each instance that the config's groups ask for; passive groups run nothing and get none. */
export function listPlaces(config: ModelConfig): Place[] {
  return config.instanceGroup
    .filter((group) => !group.passive)
    .flatMap((group) => {
      const devices = group.kind === Kind.GPU ? group.gpus : [-1];
      const intraOpThreads = namedIntraOpThreads(config, group) ?? (runsInline(config) ? 1 : undefined);
      const groupKind = kindOfGroup(group);
      return devices.flatMap((gpu) =>
        Array.from({ length: group.count }, (_, index) => ({
          name: `${group.name}_${index}`,
          gpu,
          intraOpThreads,
          kind: `${groupKind} ${gpu} ${intraOpThreads ?? ''}`,
        })),
      );
    });
}
