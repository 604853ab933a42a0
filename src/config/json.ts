import { ScalarType, type DescEnum, type DescField } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { isGiven, shortestFloat } from './field-values.js';

/**
 * 64-bit integers that Triton writes as JSON numbers; it leaves all others as strings, as protobuf does.
 * That `initial_state` of a sequence's state and the sizes of CUDA graphs are among those is a slip of
 * Triton's that clients may know.
 */
const asNumbers = new Set([
  'input.dims',
  'input.reshape.shape',
  'output.dims',
  'output.reshape.shape',
  'version_policy.specific.versions',
  'dynamic_batching.max_queue_delay_microseconds',
  'dynamic_batching.priority_levels',
  'dynamic_batching.default_priority_level',
  'dynamic_batching.default_queue_policy.default_timeout_microseconds',
  'dynamic_batching.priority_queue_policy.default_timeout_microseconds',
  'sequence_batching.max_sequence_idle_microseconds',
  'sequence_batching.direct.max_queue_delay_microseconds',
  'sequence_batching.oldest.max_queue_delay_microseconds',
  'sequence_batching.state.dims',
  'ensemble_scheduling.step.model_version',
  'model_warmup.inputs.dims',
]);

/** A config as Triton's JSON, keys in the order of the declarations; '' for a config that says nothing. */
export function modelConfigToJson(config: ModelConfig): string {
  const message = reflect(ModelConfigSchema, config, false);
  if (!message.fields.some((field) => isGiven(message, field))) return '';
  return writeMessage(message, '');
}

function writeMessage(message: ReflectMessage, path: string): string {
  const members = message.fields
    .filter((field) => hasDefault(field) || message.isSet(field))
    .map((field) => `"${field.name}":${writeField(message, field, path)}`);
  return `{${members.join(',')}}`;
}

/** Fields that do not know whether they were given are always written. */
function hasDefault(field: DescField): boolean {
  return field.fieldKind !== 'message' && field.oneof === undefined;
}

function writeField(message: ReflectMessage, field: DescField, parent: string): string {
  const path = parent === '' ? field.name : `${parent}.${field.name}`;
  switch (field.fieldKind) {
    case 'list': {
      const values = [...message.get(field)].map((value) =>
        field.listKind === 'message'
          ? writeMessage(value as ReflectMessage, path)
          : writePlain(value, field, path),
      );
      return `[${values.join(',')}]`;
    }
    case 'map': {
      const members = [...message.get(field)].map(
        ([key, value]) =>
          `${JSON.stringify(String(key))}:${
            field.mapKind === 'message'
              ? writeMessage(value as ReflectMessage, path)
              : writePlain(value, field, path)
          }`,
      );
      return `{${members.join(',')}}`;
    }
    case 'message':
      return writeMessage(message.get(field), path);
    default:
      return writePlain(message.get(field), field, path);
  }
}

type Plain =
  | { readonly scalar: ScalarType; readonly enum?: undefined }
  | { readonly scalar?: undefined; readonly enum: DescEnum };

/** Written by hand, because a 64-bit integer as a number is more than JSON.stringify can write. */
function writePlain(value: unknown, type: Plain, path: string): string {
  if (type.enum !== undefined) {
    const name = type.enum.value[value as number]?.name;
    return name === undefined ? String(value) : `"${name}"`;
  }
  if (typeof value === 'bigint') return asNumbers.has(path) ? String(value) : `"${value}"`;
  if (typeof value !== 'number') return JSON.stringify(value);
  if (!Number.isFinite(value)) return `"${value}"`;
  if (type.scalar === ScalarType.FLOAT) return shortestFloat(value);
  return Object.is(value, -0) ? '-0' : String(value);
}
