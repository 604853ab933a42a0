import { nearest } from '../config/nearest.js';
import { parseBoolean } from '../config/parameters.js';
import type { ThreadDefaults } from '../repository/threads.js';
import { UsageError } from './usage-error.js';

/** What the flags --backend-config ask for, and a line for the log about each that does less than it says. */
export interface BackendConfig {
  readonly threads: ThreadDefaults;
  /** Undefined leaves the choice to the server. */
  readonly defaultMaxBatchSize: number | undefined;
  readonly notes: readonly string[];
}

interface Setting {
  /** Empty for a setting of all backends. */
  readonly backend: string;
  readonly key: string;
  readonly value: string;
  /** As it was given, for the log. */
  readonly flag: string;
}

const ours = 'onnxruntime';
const intraOp = 'intra_op_thread_count';
const interOp = 'inter_op_thread_count';
const globalPool = 'enable-global-threadpool';
const maxBatch = 'default-max-batch-size';

/** Settings for onnxruntime go before those for all backends, and of the same ones the last counts. */
export function readBackendConfig(values: readonly string[]): BackendConfig {
  const settings = values.map(parseSetting);
  const find = (key: string): Setting | undefined =>
    settings.findLast((one) => one.key === key && one.backend === ours) ??
    settings.findLast((one) => one.key === key && one.backend === '');
  const intraOpThreads = toCount(find(intraOp));
  const interOpThreads = toCount(find(interOp));
  const pool = find(globalPool);
  const pooled = pool !== undefined && toBoolean(pool);
  for (const setting of settings.filter(({ key }) => key === maxBatch)) toBatchSize(setting);
  return {
    defaultMaxBatchSize: toBatchSize(find(maxBatch)),
    threads: {
      ...(intraOpThreads === undefined
        ? {}
        : { [pooled ? 'sharedThreads' : 'intraOpThreads']: intraOpThreads }),
      ...(interOpThreads === undefined ? {} : { interOpThreads }),
    },
    notes: settings.flatMap((setting) => note(setting, { pooled, intraOpThreads })),
  };
}

function parseSetting(text: string): Setting {
  const comma = text.indexOf(',');
  const equals = text.indexOf('=', comma + 1);
  const [backend, key] = [text.slice(0, Math.max(comma, 0)), text.slice(comma + 1, Math.max(equals, 0))];
  const value = text.slice(equals + 1);
  if (comma === 0 || equals === -1 || key === '' || value === '') {
    throw new UsageError(
      `--backend-config option format is <backend>,<setting>=<value> or <setting>=<value>, e.g. --backend-config=${ours},${intraOp}=2. Got '${text}'`,
    );
  }
  return { backend, key, value, flag: `--backend-config=${text}` };
}

/** Zero leaves the choice to the server, as in a config. */
function toCount(setting: Setting | undefined): number | undefined {
  if (setting === undefined) return undefined;
  const { value, flag } = setting;
  const count = Number(value);
  if (!/^\d+$/.test(value) || count > countMax) {
    throw new UsageError(`${flag}: '${value}' is not a number of threads from 0 to ${countMax}`);
  }
  return count === 0 ? undefined : count;
}

const countMax = 1024;

/** Less than none is none, as in Triton. */
function toBatchSize(setting: Setting | undefined): number | undefined {
  if (setting === undefined) return undefined;
  const { value, flag } = setting;
  const size = Number(value);
  if (!/^-?\d+$/.test(value) || Math.abs(size) > batchSizeMax) {
    throw new UsageError(`${flag}: '${value}' is not a whole number up to ${batchSizeMax}`);
  }
  return Math.max(0, size);
}

/** What the field max_batch_size can hold. */
const batchSizeMax = 2 ** 31 - 1;

function toBoolean({ value, flag }: Setting): boolean {
  const wanted = parseBoolean(value);
  if (wanted === undefined) throw new UsageError(`${flag}: '${value}' is not true or false`);
  return wanted;
}

function note(
  { backend, key, flag }: Setting,
  { pooled, intraOpThreads }: { pooled: boolean; intraOpThreads: number | undefined },
): string[] {
  const noEffect = (why: string): string[] => [`${flag} is accepted and has no effect: ${why}`];
  if (backend !== '' && backend !== ours) return noEffect(`this server has no backend '${backend}'`);
  switch (key) {
    case intraOp:
    case interOp:
    case maxBatch:
      return [];
    case globalPool:
      return pooled ? [`${flag}: ${describePool(intraOpThreads)}`] : [];
    default: {
      const meant = nearest(key, [intraOp, interOp, globalPool, maxBatch]);
      return noEffect(
        `this server does not know the setting '${key}'${meant === undefined ? '' : `; did you mean '${meant}'?`}`,
      );
    }
  }
}

function describePool(threads: number | undefined): string {
  const shared = threads === undefined ? 'the cores' : `${threads} threads`;
  return `onnxruntime-node has no thread pool that sessions share; instead the instances whose config names no thread count share ${shared} evenly`;
}
