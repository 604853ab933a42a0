import { InferenceError } from '../inference/error.js';
import type { Log, LogFormat } from '../telemetry/log.js';

/** The settings of the log by their names in the protocol, in the order in which Triton applies them. */
export interface LogSettingValues {
  readonly log_file: string;
  readonly log_info: boolean;
  readonly log_warning: boolean;
  readonly log_error: boolean;
  readonly log_verbose_level: number;
  readonly log_format: string;
}

type NameOf<Value> = {
  [Name in keyof LogSettingValues]: LogSettingValues[Name] extends Value ? Name : never;
}[keyof LogSettingValues];

/** What a call wants changed. Each value is read when its turn comes, and whatever is no such value is thrown then. */
export interface LogChange {
  has(name: keyof LogSettingValues): boolean;
  boolean(name: NameOf<boolean>): boolean;
  level(name: NameOf<number>): number;
  text(name: NameOf<string>): string;
  /** The error for a format that there is not. */
  badFormat(format: string): InferenceError;
}

const formats: readonly string[] = ['default', 'ISO8601', 'json'] satisfies LogFormat[];

/** The largest level that the protocol's kinds of numbers all hold. */
const levelMax = 2 ** 31 - 1;

/** What the log writes, and how. */
export function readLogSettings({ file, settings }: Log): LogSettingValues {
  return {
    log_file: file,
    log_info: settings.info,
    log_warning: settings.warning,
    log_error: settings.error,
    log_verbose_level: settings.verboseLevel,
    log_format: settings.format,
  };
}

/** Changes what a call names, one setting behind the other: what was changed before an error stays changed. */
export function changeLogSettings(log: Log, change: LogChange): void {
  if (change.has('log_file')) {
    throw new InferenceError('unsupported', 'log file location can not be updated through network protocol');
  }
  if (change.has('log_info')) log.change({ info: change.boolean('log_info') });
  if (change.has('log_warning')) log.change({ warning: change.boolean('log_warning') });
  if (change.has('log_error')) log.change({ error: change.boolean('log_error') });
  if (change.has('log_verbose_level')) {
    log.change({ verboseLevel: Math.min(change.level('log_verbose_level'), levelMax) });
  }
  if (!change.has('log_format')) return;
  const format = change.text('log_format');
  if (!formats.includes(format)) throw change.badFormat(format);
  log.change({ format: format as LogFormat });
}
