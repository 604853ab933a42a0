import { invalidArgument } from '../../inference/error.js';
import type { InferRequest, ParameterValue } from '../../inference/request.js';
import { checkSequenceId } from '../../inference/sequence-id.js';
import { isDouble, isInteger, isObject, type JsonValue } from './codec/json-value.js';
import { asBoolean, asString, asUnsigned, unparsable } from './json-access.js';

/** Parameters that Triton reads itself; any other goes to the model. */
const own: Readonly<Record<string, (request: InferRequest, value: JsonValue) => void>> = {
  sequence_id: (request, value) => {
    request.sequenceId =
      isInteger(value) && value >= 0 ? BigInt(value) : checkSequenceId(asString(value, 'sequence_id'));
  },
  sequence_start: (request, value) => {
    request.sequenceStart = asBoolean(value, 'sequence_start');
  },
  sequence_end: (request, value) => {
    request.sequenceEnd = asBoolean(value, 'sequence_end');
  },
  priority: (request, value) => {
    request.priority = BigInt(asUnsigned(value, 'priority'));
  },
  timeout: (request, value) => {
    request.timeoutUs = BigInt(asUnsigned(value, 'timeout'));
  },
};

const int64Max = 2n ** 63n - 1n;

/**
 * Puts the parameters of a request where they belong, with Triton's texts for those that do not fit. The result is whether
 * outputs that nobody listed shall be binary.
 */
export function applyParameters(request: InferRequest, parameters: JsonValue | undefined): boolean {
  if (parameters === undefined) return false;
  if (!isObject(parameters)) {
    throw unparsable('failed to get request params.', 'attempt to get members for non-object');
  }
  let binary = false;
  const custom = new Map<string, ParameterValue>();
  for (const [name, value] of parameters) {
    const apply = Object.hasOwn(own, name) ? own[name] : undefined;
    if (apply !== undefined) {
      apply(request, value);
    } else if (name === 'binary_data_output') {
      binary = asBoolean(value, name);
    } else if (name.startsWith('triton_')) {
      throw invalidArgument(
        "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified.",
      );
    } else {
      custom.set(name, customValue(name, value));
    }
  }
  if (custom.size > 0) request.parameters = custom;
  return binary;
}

function customValue(name: string, value: JsonValue): ParameterValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  // As gRPC hands them on.
  if (isInteger(value) && value <= int64Max) return BigInt(value);
  if (isDouble(value)) return value.double;
  throw invalidArgument(
    `parameter '${name}' has invalid type. It should be either 'int', 'bool', or 'string'.`,
  );
}
