import { InferenceError, invalidArgument } from '../../inference/error.js';
import { toLoadOverride, type LoadParameter } from '../../server/load-parameters.js';
import type { Server } from '../../server/server.js';
import type { ControlParameter, ModelControlRequest } from './messages.js';

/** RepositoryModelLoad: what the call brings along replaces what lies in the repository. */
export async function repositoryModelLoad(server: Server, request: ModelControlRequest): Promise<object> {
  refuseRepositoryName(request);
  const override = toLoadOverride(
    Object.entries(request.parameters).map(([name, parameter]) => [name, toLoadParameter(parameter)]),
  );
  await server.loadModel(request.model_name, override);
  return {};
}

/** RepositoryModelUnload: parameters that it does not know it passes over, as Triton does. */
export async function repositoryModelUnload(server: Server, request: ModelControlRequest): Promise<object> {
  refuseRepositoryName(request);
  const dependents = request.parameters['unload_dependents'];
  if (dependents !== undefined && dependents.parameter_choice !== 'bool_param') {
    throw invalidArgument(`invalid value type for 'unload_dependents' parameter, expected bool_param.`);
  }
  await server.unloadModel(request.model_name);
  return {};
}

function toLoadParameter(parameter: ControlParameter): LoadParameter {
  switch (parameter.parameter_choice) {
    case 'string_param':
      return { kind: 'string_param', value: parameter.string_param };
    case 'bytes_param':
      return { kind: 'bytes_param', value: parameter.bytes_param };
    default:
      return { kind: 'other' };
  }
}

function refuseRepositoryName({ repository_name: name }: ModelControlRequest): void {
  if (name !== '')
    throw new InferenceError('unsupported', "'repository_name' specification is not supported");
}
