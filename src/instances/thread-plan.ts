import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/** One model's wish: how many instances it has, and its own thread count where the config names one. */
export interface ThreadWish {
  readonly instanceCount: number;
  readonly intraOpThreads: number | undefined;
}

/**
 * Intra-op threads of an instance whose config names none: the cores that are left by those who do name
 * a number, shared evenly, at least one. So instances × threads stays within the cores wherever that is
 * possible at all.
 */
export function defaultIntraOpThreads(wishes: readonly ThreadWish[], coreCount: number): number {
  let left = coreCount;
  let sharers = 0;
  for (const { instanceCount, intraOpThreads } of wishes) {
    if (intraOpThreads === undefined) sharers += instanceCount;
    else left -= instanceCount * intraOpThreads;
  }
  return sharers === 0 ? 1 : Math.max(1, Math.floor(left / sharers));
}

/** The cores that this process may use: the machine's, less what its container's CPU quota forbids. */
export function countCores(): number {
  const quota = readQuota();
  return Math.max(1, Math.min(availableParallelism(), Math.floor(quota)));
}

function readQuota(): number {
  const [limit, period] = readWords('/sys/fs/cgroup/cpu.max');
  if (limit !== undefined) return limit === 'max' ? Infinity : Number(limit) / Number(period);
  const [quota] = readWords('/sys/fs/cgroup/cpu/cpu.cfs_quota_us');
  const [cycle] = readWords('/sys/fs/cgroup/cpu/cpu.cfs_period_us');
  if (quota === undefined || cycle === undefined || Number(quota) <= 0) return Infinity;
  return Number(quota) / Number(cycle);
}

function readWords(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').trim().split(/\s+/);
  } catch {
    return [];
  }
}
