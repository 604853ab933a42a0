import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countCores, cpuQuota } from '../../src/instances/cores.js';

const group = '/sys/fs/cgroup';

const cases: readonly { why: string; files: Record<string, string>; cores: number }[] = [
  { why: 'no control groups', files: {}, cores: Infinity },
  {
    why: 'version 2 in a container, where its own group is the mount',
    files: { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: '150000 100000\n' },
    cores: 1.5,
  },
  {
    why: 'version 2 without a quota',
    files: { '/proc/self/cgroup': '0::/\n', [`${group}/cpu.max`]: 'max 100000\n' },
    cores: Infinity,
  },
  {
    why: 'version 2 with quotas of the group and one around it: the smaller one',
    files: {
      '/proc/self/cgroup': '0::/system.slice/a.service\n',
      [`${group}/system.slice/cpu.max`]: '200000 100000',
      [`${group}/system.slice/a.service/cpu.max`]: '400000 100000',
    },
    cores: 2,
  },
  {
    why: 'version 1 in a container',
    files: {
      '/proc/self/cgroup': '3:cpu,cpuacct:/docker/abc\n2:memory:/docker/abc\n0::/\n',
      [`${group}/cpu/cpu.cfs_quota_us`]: '300000',
      [`${group}/cpu/cpu.cfs_period_us`]: '100000',
    },
    cores: 3,
  },
  {
    why: 'version 1 without a quota',
    files: {
      '/proc/self/cgroup': '1:cpu:/\n',
      [`${group}/cpu/cpu.cfs_quota_us`]: '-1',
      [`${group}/cpu/cpu.cfs_period_us`]: '100000',
    },
    cores: Infinity,
  },
  {
    why: 'version 1 with a group of its own',
    files: {
      '/proc/self/cgroup': '4:cpuset:/\n1:cpu:/a/b\n',
      [`${group}/cpu/a/b/cpu.cfs_quota_us`]: '50000',
      [`${group}/cpu/a/b/cpu.cfs_period_us`]: '100000',
    },
    cores: 0.5,
  },
  {
    why: 'a file that says nothing readable',
    files: { '/proc/self/cgroup': '?', [`${group}/cpu.max`]: 'x' },
    cores: Infinity,
  },
];

for (const { why, files, cores } of cases) {
  test(`the CPU quota is read: ${why}`, () => {
    assert.equal(
      cpuQuota((file) => files[file]),
      cores,
    );
  });
}

test('the cores that the process may use are a whole number of at least one', () => {
  assert.ok(Number.isInteger(countCores()) && countCores() >= 1);
});
