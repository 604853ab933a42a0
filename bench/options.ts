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

/** Reads `--seconds=3 --only=4KiB,1MiB --concurrency=1,64 …`; bench/README.md says what each means. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '3' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      subjects: { type: 'string', default: '' },
      concurrency: { type: 'string', default: '1,8,64' },
      connections: { type: 'string', default: '4' },
      workers: { type: 'string', default: '1' },
      tools: { type: 'string', default: 'ghz,h2load' },
      name: { type: 'string', default: 'transports' },
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

function list(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}
