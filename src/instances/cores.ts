import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * The cores that this process may use: those that it is allowed to run on (its affinity, and so its
 * container's cpuset), less what a CPU quota of its control group or of one around it forbids.
 */
export function countCores(): number {
  return Math.max(1, Math.min(availableParallelism(), Math.floor(cpuQuota(readText))));
}

const mount = '/sys/fs/cgroup';

/** Cores that the CPU quota leaves, of either version of control groups; `Infinity` without a quota. */
export function cpuQuota(read: (file: string) => string | undefined): number {
  const lines = (read('/proc/self/cgroup') ?? '').split('\n').map((line) => line.split(':'));
  let least = Infinity;
  for (const folder of ancestors(lines.find(([, controllers]) => controllers === '')?.[2])) {
    least = Math.min(least, unifiedQuota(read(path.join(mount, folder, 'cpu.max'))));
  }
  const own = lines.find(([, controllers = '']) => controllers.split(',').includes('cpu'));
  for (const folder of ancestors(own?.[2])) {
    const file = (name: string): string | undefined => read(path.join(mount, 'cpu', folder, name));
    least = Math.min(least, divide(file('cpu.cfs_quota_us'), file('cpu.cfs_period_us')));
  }
  return least;
}

/** A group and all around it: each may have a quota. In a container its own group is the mount itself. */
function ancestors(group = '/'): string[] {
  const names = group.split('/').filter((name) => name !== '' && name !== '..');
  return Array.from({ length: names.length + 1 }, (_, depth) => names.slice(0, depth).join('/'));
}

function unifiedQuota(text: string | undefined): number {
  const [quota, period] = (text ?? '').trim().split(/\s+/);
  return divide(quota, period);
}

/** `max`, -1 and what cannot be read are no quota. */
function divide(quota: string | undefined, period: string | undefined): number {
  const cores = Number(quota) / Number(period);
  return cores > 0 ? cores : Infinity;
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
