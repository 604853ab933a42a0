import type { OpenMessage, OutputPlan, OutputSpan, Run } from './messages.js';

/** One opened model inside an instance's thread. */
export interface Session {
  readonly outputs: readonly OutputPlan[];
  /** Runs a batch; outputs are in the slot or in buffers of their own, which may be transferred. */
  run(batch: Run): Promise<readonly OutputSpan[]>;
  close(): Promise<void>;
}

/** Opens a model; whatever is wrong with the file or the config fails here, before it is ready. */
export type Backend = (model: OpenMessage) => Promise<Session>;
