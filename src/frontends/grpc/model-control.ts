import { InferenceError, invalidArgument } from '../../inference/error.js';
import type { LoadOverride } from '../../repository/override.js';
import type { Server } from '../../server/server.js';
import type { ControlParameter, ModelControlRequest } from './messages.js';

/** RepositoryModelLoad: what the call brings along replaces what lies in the repository. */
export async function repositoryModelLoad(server: Server, request: ModelControlRequest): Promise<object> {
  refuseRepositoryName(request);
  let configJson: string | undefined;
  const files = new Map<string, Uint8Array>();
  for (const [name, parameter] of Object.entries(request.parameters)) {
    if (name === 'config') {
      if (parameter.parameter_choice !== 'string_param') throw wrongKind(name, 'string_param');
      configJson = parameter.string_param;
    } else if (name.startsWith(filePrefix)) {
      if (parameter.parameter_choice !== 'bytes_param') throw wrongKind(name, 'bytes_param');
      files.set(name.slice(filePrefix.length), parameter.bytes_param);
    } else {
      throw invalidArgument(`unrecognized load parameter '${name}'.`);
    }
  }
  const override: LoadOverride = {
    ...(configJson === undefined ? {} : { configJson }),
    ...(files.size === 0 ? {} : { files }),
  };
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

const filePrefix = 'file:';

function refuseRepositoryName({ repository_name: name }: ModelControlRequest): void {
  if (name !== '')
    throw new InferenceError('unsupported', "'repository_name' specification is not supported");
}

function wrongKind(name: string, expected: ControlParameter['parameter_choice']): InferenceError {
  return invalidArgument(`invalid value type for load parameter '${name}', expected ${expected}.`);
}
