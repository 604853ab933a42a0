import { InferenceError } from '../../inference/error.js';
import type { Category, Restriction, Restrictions } from '../../server/restrictions.js';
import type { Call, Method } from './transport.js';

/** Which category a method is of, by the end of its path; reflection is of none. */
const categoryOf: Readonly<Record<string, Category>> = {
  ServerLive: 'health',
  ServerReady: 'health',
  ModelReady: 'health',
  Check: 'health',
  List: 'health',
  Watch: 'health',
  ServerMetadata: 'metadata',
  ModelMetadata: 'metadata',
  ModelInfer: 'inference',
  ModelStreamInfer: 'inference',
  SystemSharedMemoryStatus: 'shared-memory',
  SystemSharedMemoryRegister: 'shared-memory',
  SystemSharedMemoryUnregister: 'shared-memory',
  CudaSharedMemoryStatus: 'shared-memory',
  CudaSharedMemoryRegister: 'shared-memory',
  CudaSharedMemoryUnregister: 'shared-memory',
  ModelConfig: 'model-config',
  RepositoryIndex: 'model-repository',
  RepositoryModelLoad: 'model-repository',
  RepositoryModelUnload: 'model-repository',
  ModelStatistics: 'statistics',
  TraceSetting: 'trace',
  LogSettings: 'logging',
};

/** The methods, of which those that are restricted look for their header first; the others are as they were. */
export function restrict(methods: readonly Method[], restrictions: Restrictions): Method[] {
  return methods.map((method) => {
    const name = method.path.slice(method.path.lastIndexOf('/') + 1);
    const category = Object.hasOwn(categoryOf, name) ? categoryOf[name] : undefined;
    const restriction = category === undefined ? undefined : restrictions.get(category);
    return restriction === undefined ? method : withRestriction(method, restriction);
  });
}

function withRestriction(method: Method, restriction: Restriction): Method {
  if (method.kind === 'stream') {
    return {
      ...method,
      open(call) {
        check(call, restriction);
        return method.open(call);
      },
    };
  }
  return {
    ...method,
    async handle(request, call) {
      check(call, restriction);
      return method.handle(request, call);
    },
  };
}

function check(call: Call, restriction: Restriction): void {
  if (restriction.admits(call.metadata(restriction.header))) return;
  throw new InferenceError(
    'unavailable',
    `This protocol is restricted, expecting header '${restriction.named}'`,
  );
}
