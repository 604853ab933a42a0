import type { Command, Option } from 'commander';
import { countCores } from '../instances/cores.js';
import { findGpus } from '../instances/gpus.js';
import type { CheckOptions } from '../repository/check-repositories.js';
import { defaultLogSettings, Log } from '../telemetry/log.js';
import { readBackendConfig } from './backend-config.js';
import { readConfigFlags, warnOfStrictness } from './config-flags.js';
import { FlagReader, type GivenFlags } from './flag-reader.js';
import { flags } from './flags.js';
import { Interruption } from './interruption.js';
import { checkFlags } from './options.js';

/** Flags of the server that change what a model is, and so what is said of it without one. */
const modelFlags = [
  'backend-config',
  'disable-auto-complete-config',
  'strict-model-config',
  'model-config-name',
] as const;

/** Flags of the server that `nereid check` has too. */
export const checkFlagNames: readonly string[] = [
  ...modelFlags,
  'model-namespacing',
  'model-load-thread-count',
];
/** Flags of the server that `nereid config` has too. */
export const configFlagNames: readonly string[] = modelFlags;

/** Gives a command some of the server's flags, which mean what they mean there. */
export function addFlags(
  command: Command,
  names: readonly string[],
  toOption: (flag: (typeof flags)[number]) => Option,
): void {
  for (const flag of flags) if (names.includes(flag.name)) command.addOption(toOption(flag));
}

/** How models are to be looked at, from flags that were given; what the flags say beside that is logged. */
export function readModelFlags(given: GivenFlags): CheckOptions {
  const notes = checkFlags(given);
  const read = new FlagReader(given);
  const backends = readBackendConfig(given.get('backend-config') ?? []);
  const log = openErrorLog();
  for (const warning of warnOfStrictness(read)) log.warning(warning);
  for (const note of [...notes, ...backends.notes]) log.info(note);
  const concurrency = read.integer('model-load-thread-count');
  const { intraOpThreads, interOpThreads, sharedThreads } = backends.threads;
  const threads = intraOpThreads ?? Math.floor((sharedThreads ?? countCores()) / concurrency);
  return {
    configs: readConfigFlags(read, backends),
    gpus: findGpus(),
    namespacing: read.boolean('model-namespacing'),
    concurrency,
    intraOpThreads: Math.max(1, threads),
    interOpThreads,
    log,
    signal: untilInterrupted(),
  };
}

/** The first interruption lets what is open be closed and copies be removed; the second one ends the process. */
function untilInterrupted(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => controller.abort(new Interruption('interrupted')));
  }
  return controller.signal;
}

/** Standard output is for what was asked for. */
function openErrorLog(): Log {
  return new Log({ ...defaultLogSettings, escape: false }, { out: process.stderr, err: process.stderr });
}
