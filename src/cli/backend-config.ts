import { nearest } from '../config/nearest.js';
import { parseBoolean } from '../config/parameters.js';
import type { ThreadDefaults } from '../repository/threads.js';
import { UsageError } from './usage-error.js';

/** What the flags --backend-config ask for, and a line for the log about each that does less than it says. */
export interface BackendConfig {
  readonly threads: ThreadDefaults;
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
  return {
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
      `--backend-config is '${text}', expected <backend>,<setting>=<value> or <setting>=<value>, e.g. --backend-config=${ours},${intraOp}=2`,
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
      return [];
    case globalPool:
      return pooled ? [`${flag}: ${describePool(intraOpThreads)}`] : [];
    case maxBatch:
      return noEffect('it belongs to the auto-completion of configs, which is not supported yet');
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
