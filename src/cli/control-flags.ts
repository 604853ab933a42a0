import type { ControlMode } from '../repository/repository.js';
import type { FlagReader } from './flag-reader.js';
import { UsageError } from './usage-error.js';

/** How models come and go. */
export interface ControlFlags {
  readonly mode: ControlMode;
  /** What an explicitly controlled repository loads at start. */
  readonly startup: readonly string[] | 'all';
  readonly pollSecs: number;
  readonly settleMs: number;
  readonly retryCount: number;
  readonly namespacing: boolean;
}

export function controlFlags(read: FlagReader, named: readonly string[]): ControlFlags {
  const mode = read.text('model-control-mode') as ControlMode;
  if (named.length > 0 && mode !== 'explicit') {
    throw new UsageError(
      "Error: Use of '--load-model' requires setting '--model-control-mode=explicit' as well.",
    );
  }
  if (named.includes('*') && named.length > 1) {
    throw new UsageError("Wildcard model name '*' must be the ONLY startup model if specified at all.");
  }
  return {
    mode,
    startup: mode !== 'explicit' || named.includes('*') ? 'all' : named,
    pollSecs: read.integer('repository-poll-secs'),
    settleMs: read.integer('repository-settle-millis'),
    retryCount: read.integer('model-load-retry-count'),
    namespacing: read.boolean('model-namespacing'),
  };
}
