import {
  ModelInstanceGroup_Kind as Kind,
  type ModelConfig,
  type ModelOptimizationPolicy_ExecutionAccelerators as Accelerators,
} from '../../generated/model_config_pb.js';
import { at, invalid, unsupported, type Problem } from '../problem.js';
import { checkAgents } from '../repository-agents.js';

/** What a config may ask of ONNX Runtime, beside its parameters, that this server has not: refused by name. */
export function* checkRuntime(config: ModelConfig): Generator<Problem> {
  const { name, modelOperations, optimization } = config;
  if ((modelOperations?.opLibraryFilename.length ?? 0) > 0) {
    yield at(
      'model_operations',
      unsupported(
        `'model_operations' is not supported for ${name}`,
        'onnxruntime-node cannot load libraries of custom operators: export the model without them',
      ),
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
  const list = 'optimization.execution_accelerators';
  for (const [index, { name }] of cpuExecutionAccelerator.entries()) {
    const remedy = 'ONNX Runtime runs here without accelerators on the CPU: remove cpu_execution_accelerator';
    yield at(`${list}.cpu_execution_accelerator[${index}]`, unknown(name, remedy));
  }
  for (const [index, { name }] of gpuExecutionAccelerator.entries()) {
    if (!gpu || name === 'cuda' || name === 'tensorrt') continue;
    const remedy = 'remove it: instances on a GPU run with CUDA';
    yield at(`${list}.gpu_execution_accelerator[${index}]`, unknown(name, remedy));
  }
}

function unknown(name: string, remedy: string): Problem {
  return invalid(`unknown Execution Accelerator '${name}' is requested`, remedy);
}

/** Whether an instance of the model runs on a GPU. */
export function runsOnGpu({ instanceGroup }: ModelConfig): boolean {
  return instanceGroup.some(({ kind }) => kind === Kind.GPU);
}
