import type { OpenMessage, OutputPlan, OutputSpan, Run } from './messages.js';

/** What a session made of a batch, and when it was ready to begin and done, on the process's clock. */
export interface SessionRun {
  readonly outputs: readonly OutputSpan[];
  readonly inputEndUs: number;
  readonly inferEndUs: number;
}

/** One opened model inside an instance's thread. */
export interface Session {
  readonly outputs: readonly OutputPlan[];
  /** Runs a batch; outputs are in the slot or in buffers of their own, which may be transferred. */
  run(batch: Run): Promise<SessionRun>;
  close(): Promise<void>;
}

/** Opens a model; whatever is wrong with the file or the config fails here, before it is ready. */
export type Backend = (model: OpenMessage) => Promise<Session>;
