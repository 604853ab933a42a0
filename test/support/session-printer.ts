import { InferenceSession } from 'onnxruntime-node';
import { sessionOptions } from '../../src/instances/backends/onnx-options.js';
import type { OpenMessage } from '../../src/instances/messages.js';

/** Opens sessions as instances do, with ONNX Runtime saying what it was told: run as a process of its own. */
for (const model of JSON.parse(process.argv[2] ?? '[]') as OpenMessage[]) {
  const session = await InferenceSession.create(model.modelFile, {
    ...sessionOptions(model),
    logSeverityLevel: 1,
  });
  await session.release();
}
