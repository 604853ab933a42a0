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

const none = { instanceGroup: [] };

/** Whether two configs differ in nothing but instance groups and the version policy. */
export function sameButForInstances(a: ModelConfig, b: ModelConfig): boolean {
  return sameConfig(withInstancesOf(a, none), withInstancesOf(b, none));
}

/** A copy that has the instance groups and the version policy of another config. */
export function withInstancesOf(
  config: ModelConfig,
  { instanceGroup, versionPolicy }: Pick<ModelConfig, 'instanceGroup' | 'versionPolicy'>,
): ModelConfig {
  const copy = clone(ModelConfigSchema, config);
  copy.instanceGroup = instanceGroup;
  if (versionPolicy === undefined) delete copy.versionPolicy;
  else copy.versionPolicy = versionPolicy;
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
