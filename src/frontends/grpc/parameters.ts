import { invalidArgument, type InferenceError } from '../../inference/error.js';
import type { InferRequest, ParameterValue } from '../../inference/request.js';
import { checkSequenceId } from '../../inference/sequence-id.js';
import type { WireParameter, WireParameters } from './codec/infer-request.js';

const finalResponse = 'triton_enable_empty_final_response';

/** Parameters that Triton reads itself; any other goes to the model. */
const own: Readonly<Record<string, (request: InferRequest, parameter: WireParameter) => void>> = {
  sequence_id: (request, parameter) => {
    if (parameter.kind === 'int64_param') {
      request.sequenceId = BigInt.asUintN(64, parameter.value);
    } else if (parameter.kind === 'string_param') {
      request.sequenceId = checkSequenceId(parameter.value);
    } else {
      throw wrongKind('sequence_id', 'int64_param or string_param');
    }
  },
  sequence_start: (request, parameter) => {
    request.sequenceStart = expectBoolean('sequence_start', parameter);
  },
  sequence_end: (request, parameter) => {
    request.sequenceEnd = expectBoolean('sequence_end', parameter);
  },
  priority: (request, parameter) => {
    if (parameter.kind !== 'int64_param' && parameter.kind !== 'uint64_param') {
      throw wrongKind('priority', 'int64_param or uint64_param');
    }
    if (parameter.value < 0n) throw invalidArgument(`invalid value for 'priority', expected value >= 0.`);
    request.priority = parameter.value;
  },
  timeout: (request, parameter) => {
    if (parameter.kind !== 'int64_param') throw wrongKind('timeout', 'int64_param');
    request.timeoutUs = BigInt.asUintN(64, parameter.value);
  },
  [finalResponse]: (_request, parameter) => {
    // Only a model that may answer nothing has an empty final response to enable.
    expectBoolean(finalResponse, parameter);
  },
};

/** Puts the parameters of a request where they belong, with Triton's texts for those that do not fit. */
export function applyParameters(request: InferRequest, parameters: WireParameters): void {
  if (parameters.size === 0) return;
  const custom = new Map<string, ParameterValue>();
  for (const [name, parameter] of parameters) {
    const apply = Object.hasOwn(own, name) ? own[name] : undefined;
    if (apply !== undefined) {
      apply(request, parameter);
    } else if (name.startsWith('triton_')) {
      throw invalidArgument(
        `parameter keys starting with 'triton_' are reserved for Triton usage. Only the following keys starting with 'triton_' are allowed: ${finalResponse}`,
      );
    } else if (parameter.kind === 'unset' || parameter.kind === 'uint64_param') {
      throw wrongKind(name, 'int64_param, bool_param, or string_param');
    } else {
      custom.set(name, parameter.value);
    }
  }
  request.parameters = custom;
}

function expectBoolean(name: string, parameter: WireParameter): boolean {
  if (parameter.kind !== 'bool_param') throw wrongKind(name, 'bool_param');
  return parameter.value;
}

function wrongKind(name: string, expected: string): InferenceError {
  return invalidArgument(`invalid value type for '${name}' parameter, expected ${expected}.`);
}
