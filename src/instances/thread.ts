import { parentPort, workerData } from 'node:worker_threads';
import { toInferenceError } from '../inference/error.js';
import { openOnnx } from './backends/onnx.js';
import type { Session } from './backend.js';
import type { ErrorMessage, FromThread, OpenMessage, OutputSpan, RunMessage, ToThread } from './messages.js';

/**
 * The code of an instance's thread: opens the session, then runs one batch at a time as they arrive.
 * It ends when it is told to leave, which it hears only between runs.
 */
if (parentPort === null) throw new Error('thread.ts runs as a worker thread. This is a bug.');
const port = parentPort;

function post(message: FromThread, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}

function describe(thrown: unknown): ErrorMessage {
  const { code, message, stack } = toInferenceError(thrown);
  return { code, message, stack };
}

/** Plain buffers are moved, not copied; shared ones need nothing. */
function movable(buffers: readonly (ArrayBufferLike | undefined)[]): ArrayBuffer[] {
  return buffers.filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
}

async function run(session: Session, batch: RunMessage): Promise<void> {
  const { slot } = batch;
  let outputs: readonly OutputSpan[];
  try {
    outputs = await session.run(batch);
  } catch (error) {
    post({ kind: 'failed', slot, error: describe(error) }, movable([slot]));
    return;
  }
  post({ kind: 'done', slot, outputs }, movable([slot, ...outputs.map((output) => output.buffer)]));
}

function serve(session: Session): void {
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'run':
        void run(session, message);
        break;
      case 'leave':
        port.close();
        void session.close();
        break;
    }
  });
  post({ kind: 'ready', outputs: session.outputs });
}

openOnnx(workerData as OpenMessage).then(serve, (error: unknown) => {
  post({ kind: 'refused', error: describe(error) });
  port.close();
});
