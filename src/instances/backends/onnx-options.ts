import type { InferenceSession } from 'onnxruntime-node';
import type { OpenMessage } from '../messages.js';
import { sharedModelFile } from '../shared-weights.js';
import { savingEntries } from './onnx-weights.js';

/** Only fatal messages: every error comes back as an exception and is reported once, by us. */
const fatalOnly = 4;

/** ONNX Runtime's options for a model. Unknown entries would be taken in silence, so none is passed on unchecked. */
export function sessionOptions(model: OpenMessage): InferenceSession.SessionOptions {
  const { session } = model;
  const entries = { ...session.entries, ...(model.shareIn === undefined ? {} : savingEntries) };
  return {
    executionProviders: model.gpu >= 0 ? [{ name: 'cuda', deviceId: model.gpu }, 'cpu'] : ['cpu'],
    intraOpNumThreads: model.intraOpThreads,
    interOpNumThreads: session.interOpThreads ?? 1,
    executionMode: session.parallel ? 'parallel' : 'sequential',
    enableCpuMemArena: session.memoryArena,
    enableMemPattern: session.memoryPattern,
    // What is shared was optimized before it was written.
    graphOptimizationLevel: model.shared === true ? 'disabled' : session.graphOptimization,
    ...(model.shareIn === undefined ? {} : { optimizedModelFilePath: sharedModelFile(model.shareIn) }),
    logId: model.name,
    logSeverityLevel: fatalOnly,
    extra: { session: { intra_op: { allow_spinning: '0' }, ...nested(entries) } },
  };
}

/** `session.a` -> `{ a }`: the binding joins nested names with dots. */
function nested(entries: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(entries).map(([key, value]) => [key.replace(/^session\./, ''), value]),
  );
}
