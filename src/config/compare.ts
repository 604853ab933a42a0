import { clone, equals, toJsonString } from '@bufbuild/protobuf';
import {
  ModelConfigSchema,
  ModelInstanceGroupSchema,
  type ModelConfig,
  type ModelInstanceGroup,
} from '../generated/model_config_pb.js';

export function sameConfig(a: ModelConfig, b: ModelConfig): boolean {
  return equals(ModelConfigSchema, a, b);
}

/** Whether two configs differ in nothing but instance groups and the version policy. */
export function sameButForInstances(a: ModelConfig, b: ModelConfig): boolean {
  return sameConfig(withInstancesOf(a, []), withInstancesOf(b, []));
}

/** Whether two configs ask for the same instances, in the same order. */
export function sameInstances(a: ModelConfig, b: ModelConfig): boolean {
  return sameConfig(withInstancesOf(a, a.instanceGroup), withInstancesOf(a, b.instanceGroup));
}

/** A copy without the version policy, and with these instance groups. */
function withInstancesOf(config: ModelConfig, instanceGroup: ModelConfig['instanceGroup']): ModelConfig {
  const copy = clone(ModelConfigSchema, config);
  copy.instanceGroup = instanceGroup;
  delete copy.versionPolicy;
  return copy;
}

/** A text that is the same for groups that differ in nothing but their name, their count and the list of GPUs. */
export function kindOfGroup(group: ModelInstanceGroup): string {
  const copy = clone(ModelInstanceGroupSchema, group);
  copy.name = '';
  copy.count = 0;
  copy.gpus = [];
  return toJsonString(ModelInstanceGroupSchema, copy);
}
