import {
  ModelInstanceGroup_Kind as Kind,
  type ModelConfig,
  type ModelOptimizationPolicy_ExecutionAccelerators as Accelerators,
} from '../generated/model_config_pb.js';
import { invalid, unsupported, type Problem } from './problem.js';
import { checkAgents } from './repository-agents.js';

/** What a config may ask of ONNX Runtime, beside its parameters, that this server has not: refused by name. */
export function* checkBackend(config: ModelConfig): Generator<Problem> {
  const { name, modelOperations, optimization } = config;
  if ((modelOperations?.opLibraryFilename.length ?? 0) > 0) {
    yield unsupported(
      `'model_operations' is not supported for ${name}`,
      'onnxruntime-node cannot load libraries of custom operators: export the model without them',
    );
  }
  yield* checkAgents(config);
  if (optimization?.executionAccelerators !== undefined) {
    yield* checkAccelerators(optimization.executionAccelerators, runsOnGpu(config));
  }
}

/** Those of a GPU are read for its instances only, as in Triton. */
function* checkAccelerators(
  { cpuExecutionAccelerator, gpuExecutionAccelerator }: Accelerators,
  gpu: boolean,
): Generator<Problem> {
  for (const { name } of cpuExecutionAccelerator) {
    yield unknown(
      name,
      'ONNX Runtime runs here without accelerators on the CPU: remove cpu_execution_accelerator',
    );
  }
  for (const { name } of gpuExecutionAccelerator) {
    if (!gpu || name === 'cuda' || name === 'tensorrt') continue;
    yield unknown(name, 'remove it: instances on a GPU run with CUDA');
  }
}

function unknown(name: string, remedy: string): Problem {
  return invalid(`unknown Execution Accelerator '${name}' is requested`, remedy);
}

/** Whether an instance of the model runs on a GPU. */
export function runsOnGpu({ instanceGroup }: ModelConfig): boolean {
  return instanceGroup.some(({ kind }) => kind === Kind.GPU);
}
