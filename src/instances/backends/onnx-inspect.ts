import { InferenceSession } from 'onnxruntime-node';
import type { ModelFacts } from '../../config/model-facts.js';
import { describeOpenError } from './onnx.js';
import { declaredFacts, openedFacts } from './onnx-facts.js';
import { readDeclaredGraph, type DeclaredGraph } from './onnx-graph.js';

/** What is asked about: the model's name is for error texts. */
export interface Inspection {
  readonly modelFile: string;
  readonly modelName: string;
}

/** The binding's words for an input or output whose element type it cannot carry. */
const notCarried = /^Unsupported data type: /;

/**
 * Opens an ONNX file just far enough to learn its inputs and outputs, with the shapes that ONNX Runtime
 * infers. Nothing is optimized unless the model cannot be opened without.
 */
export async function inspectOnnx({ modelFile, modelName }: Inspection): Promise<ModelFacts> {
  const graph = declaredIn(modelFile);
  try {
    return await openOnce(modelFile, graph, 'disabled').catch((error: unknown) => {
      if (isNotCarried(error)) throw error;
      return openOnce(modelFile, graph, 'all');
    });
  } catch (error) {
    if (graph !== undefined && isNotCarried(error)) return declaredFacts(graph);
    throw describeOpenError(error, { spec: { name: modelName }, gpu: -1 });
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

function isNotCarried(error: unknown): boolean {
  return error instanceof Error && notCarried.test(error.message);
}

/** Only fatal messages: every error comes back as an exception. */
const fatalOnly = 4;

async function openOnce(
  modelFile: string,
  graph: DeclaredGraph | undefined,
  graphOptimizationLevel: 'disabled' | 'all',
): Promise<ModelFacts> {
  const session = await InferenceSession.create(modelFile, {
    executionProviders: ['cpu'],
    graphOptimizationLevel,
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
