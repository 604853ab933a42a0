import { InferenceSession } from 'onnxruntime-node';
import type { ModelFacts } from '../../config/model-facts.js';
import type { SessionSettings } from '../../config/parameters.js';
import { describeOpenError } from './onnx-session.js';
import { declaredFacts, openedFacts } from './onnx-facts.js';
import { readDeclaredGraph, type DeclaredGraph } from './declared-graph.js';

/** What is asked about: the model's name is for error texts. */
export interface Inspection {
  readonly modelFile: string;
  readonly modelName: string;
  readonly graphOptimization: SessionSettings['graphOptimization'];
}

/** The binding's words for an input or output whose element type it cannot carry. */
const notCarried = /^Unsupported data type: /;

/**
 * Opens an ONNX file as an instance would, to learn its inputs and outputs. It is optimized too: where
 * constants are folded ONNX Runtime infers more of the shapes, which instances are then held against.
 */
export async function inspectOnnx(inspection: Inspection): Promise<ModelFacts> {
  const graph = declaredIn(inspection.modelFile);
  try {
    return await openOnce(inspection, graph);
  } catch (error) {
    if (graph !== undefined && error instanceof Error && notCarried.test(error.message)) {
      return declaredFacts(graph);
    }
    throw describeOpenError(error, { spec: { name: inspection.modelName }, gpu: -1 });
  }
}

/** A file that cannot be read is left to ONNX Runtime, whose text says so. */
function declaredIn(modelFile: string): DeclaredGraph | undefined {
  try {
    return readDeclaredGraph(modelFile);
  } catch {
    return undefined;
  }
}

/** Only fatal messages: every error comes back as an exception. */
const fatalOnly = 4;

async function openOnce(
  { modelFile, graphOptimization }: Inspection,
  graph: DeclaredGraph | undefined,
): Promise<ModelFacts> {
  const session = await InferenceSession.create(modelFile, {
    executionProviders: ['cpu'],
    graphOptimizationLevel: graphOptimization,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    enableCpuMemArena: false,
    logSeverityLevel: fatalOnly,
    // Nothing will run, so no kernel needs its weights in a form of its own.
    extra: { session: { disable_prepacking: '1', intra_op: { allow_spinning: '0' } } },
  });
  const facts = openedFacts({ inputs: session.inputMetadata, outputs: session.outputMetadata }, graph);
  await session.release();
  return facts;
}
