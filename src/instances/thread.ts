import { parentPort, workerData } from 'node:worker_threads';
import { nowUs } from '../inference/now.js';
import { toInferenceError } from '../inference/error.js';
import { openOnnx } from './backends/onnx.js';
import type { Backend, Session } from './backend.js';
import type { ErrorMessage, FromThread, OpenMessage, Run, ThreadResult, ToThread } from './messages.js';
import { readRegions } from './region-reads.js';
import { lowerThreadPriority } from './priority.js';

/**
 * The code of an instance's thread: opens the session, then runs batches one at a time as they arrive.
 * It ends when it is told to leave, after the run that it holds.
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

async function run(session: Session, batch: Run): Promise<ThreadResult> {
  const { slot } = batch;
  try {
    if (batch.reads !== undefined) readRegions(slot, batch.reads);
    const { outputs, inputEndUs, inferEndUs } = await session.run(batch);
    return { kind: 'done', slot, outputs, inputEndUs, inferEndUs };
  } catch (error) {
    return { kind: 'failed', slot, error: describe(error) };
  }
}

async function runAll(session: Session, runs: readonly Run[]): Promise<void> {
  const startedUs = nowUs();
  const results: ThreadResult[] = [];
  for (const batch of runs) results.push(await run(session, batch));
  const tookUs = nowUs() - startedUs;
  const moved = results.flatMap((result) =>
    movable([result.slot, ...(result.kind === 'done' ? result.outputs.map(({ buffer }) => buffer) : [])]),
  );
  post({ kind: 'ran', results, tookUs }, moved);
}

async function leave(session: Session): Promise<void> {
  port.close();
  await session.close();
}

function serve(session: Session): void {
  let held: Promise<void> = Promise.resolve();
  port.on('message', (message: ToThread) => {
    switch (message.kind) {
      case 'run':
        held = runAll(session, message.runs);
        break;
      case 'leave':
        // The run that the thread holds may not have begun: ONNX Runtime's binding defers it.
        void held.then(() => leave(session));
        break;
    }
  });
  post({ kind: 'ready', outputs: session.outputs });
}

/** The only one so far; a config's backend will choose. */
const open: Backend = openOnnx;

const model = workerData as OpenMessage;
// Before the session is opened: its intra-op threads inherit the priority.
lowerThreadPriority(model.nice);

open(model).then(serve, (error: unknown) => {
  post({ kind: 'refused', error: describe(error) });
  port.close();
});
