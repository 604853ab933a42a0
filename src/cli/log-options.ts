import { parseBoolean } from '../config/parameters.js';
import type { LogFormat } from '../telemetry/log.js';
import type { FlagReader } from './flag-reader.js';
import { UsageError } from './usage-error.js';

export interface LogFlags {
  readonly format: LogFormat;
  readonly info: boolean;
  readonly warning: boolean;
  readonly error: boolean;
  readonly verboseLevel: number;
  readonly file: string;
  /** Whether each request that fails has its line. */
  readonly failedRequests: boolean;
}

export function logFlags(read: FlagReader): LogFlags {
  const verbose = read.text('log-verbose');
  const level = parseBoolean(verbose) === undefined ? Number(verbose) : Number(parseBoolean(verbose));
  if (!Number.isInteger(level) || level < 0) {
    throw new UsageError(`--log-verbose is '${verbose}', expected a number from 0 up, true or false`);
  }
  return {
    format: read.text('log-format') as LogFormat,
    info: read.boolean('log-info'),
    warning: read.boolean('log-warning'),
    error: read.boolean('log-error'),
    verboseLevel: level,
    file: read.text('log-file'),
    failedRequests: read.boolean('log-failed-requests'),
  };
}
