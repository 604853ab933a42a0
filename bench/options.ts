import { parseArgs } from 'node:util';

export interface BenchOptions {
  /** Time per cell, over all rounds. */
  readonly seconds: number;
  readonly rounds: number;
  /** Names of payloads and of subjects to keep; empty keeps all. */
  readonly payloads: readonly string[];
  readonly subjects: readonly string[];
  readonly concurrencies: readonly number[];
  readonly connectionCount: number;
  readonly workerCount: number;
  /** Other load clients to run beside our own, where they are found. */
  readonly tools: readonly string[];
  /** The result's file is `<date>-<name>`; empty writes none. */
  readonly name: string;
}

/** What an option is when it is not given. */
export interface BenchDefaults {
  readonly seconds: string;
  readonly rounds: string;
  readonly concurrency: string;
  readonly name: string;
}

const benchDefaults: BenchDefaults = { seconds: '3', rounds: '3', concurrency: '1,8,64', name: 'transports' };

/** Reads `--seconds=3 --only=4KiB,1MiB --concurrency=1,64 …`; bench/README.md says what each means. */
export function readOptions(args: readonly string[], defaults = benchDefaults): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: defaults.seconds },
      rounds: { type: 'string', default: defaults.rounds },
      only: { type: 'string', default: '' },
      subjects: { type: 'string', default: '' },
      concurrency: { type: 'string', default: defaults.concurrency },
      connections: { type: 'string', default: '4' },
      workers: { type: 'string', default: '1' },
      tools: { type: 'string', default: 'ghz,h2load' },
      name: { type: 'string', default: defaults.name },
    },
  });
  return {
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    payloads: list(values.only),
    subjects: list(values.subjects),
    concurrencies: list(values.concurrency).map((text) => positive('concurrency', text)),
    connectionCount: positive('connections', values.connections),
    workerCount: positive('workers', values.workers),
    tools: list(values.tools),
    name: values.name,
  };
}

export function positive(option: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${option}: '${text}' is not a number above 0`);
}

export function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}
