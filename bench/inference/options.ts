import { parseArgs } from 'node:util';
import { benchModel } from '../models/catalog.js';
import type { Serving } from '../models/repository.js';
import { list, positive } from '../options.js';

export interface InferenceOptions {
  /** Time of a cell with a tool, over all rounds. */
  readonly seconds: number;
  readonly rounds: number;
  /** Groups of cells to keep; empty keeps all. */
  readonly only: readonly string[];
  readonly subjects: readonly string[];
  /** Empty leaves each group its own. */
  readonly concurrencies: readonly number[];
  readonly connectionCount: number;
  readonly tools: readonly string[];
  readonly threads: readonly string[];
  readonly instances: readonly string[];
  /** Handed on to the server. */
  readonly serverFlags: readonly string[];
  readonly rivals: boolean;
  readonly name: string;
}

export function readInferenceOptions(args: readonly string[]): InferenceOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '6' },
      rounds: { type: 'string', default: '3' },
      only: { type: 'string', default: '' },
      subjects: { type: 'string', default: 'nereid,inline,echo,raw' },
      concurrency: { type: 'string', default: '' },
      connections: { type: 'string', default: '8' },
      tools: { type: 'string', default: 'ghz,h2load' },
      threads: { type: 'string', default: '' },
      instances: { type: 'string', default: '' },
      server: { type: 'string', default: '' },
      rivals: { type: 'boolean', default: false },
      name: { type: 'string', default: 'inference' },
    },
  });
  return {
    seconds: positive('seconds', values.seconds),
    rounds: positive('rounds', values.rounds),
    only: list(values.only),
    subjects: list(values.subjects),
    concurrencies: list(values.concurrency).map((text) => positive('concurrency', text)),
    connectionCount: positive('connections', values.connections),
    tools: list(values.tools),
    threads: list(values.threads),
    instances: list(values.instances),
    serverFlags: list(values.server),
    rivals: values.rivals,
    name: values.name,
  };
}

/** How a model is served: `--threads=2` speaks of all, `--threads=mid_mlp:2` of one; the same with `--instances`. */
export function servingOf(
  name: string,
  { threads, instances }: Pick<InferenceOptions, 'threads' | 'instances'>,
): Serving {
  const model = benchModel(name);
  return {
    model,
    threads: numberFor('threads', { name, given: threads }) ?? model.threads,
    instanceCount: numberFor('instances', { name, given: instances }) ?? 1,
  };
}

function numberFor(
  option: string,
  { name, given }: { name: string; given: readonly string[] },
): number | undefined {
  for (const text of given.toReversed()) {
    const [first = '', second] = text.split(':');
    if (second === undefined) return positive(option, first);
    if (first === name) return positive(option, second);
  }
  return undefined;
}
