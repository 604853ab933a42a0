import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { CpuWatch, parseCpuTicks, parseMemory } from '../../src/telemetry/cpu-watch.js';
import { GpuWatch, parseGpuLine } from '../../src/telemetry/gpu-watch.js';
import type { Family } from '../../src/telemetry/metrics.js';
import { RuntimeWatch } from '../../src/telemetry/runtime.js';
import { eventually } from '../support/eventually.js';
import { memoryLog, withFolder } from '../support/server.js';

function valuesOf(families: readonly Family[]): Record<string, number> {
  return Object.fromEntries(
    families.flatMap(({ name, samples }) =>
      samples.map(({ labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
    ),
  );
}

test('the CPU is as busy as it was between two looks, and memory is used that is not available', async () => {
  let stat = 'cpu  100 0 100 700 100 0 0 0 50 50\ncpu0 1 1 1 1\n';
  const files = (file: string): Promise<string> =>
    Promise.resolve(
      file === '/proc/stat' ? stat : 'MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable: 250 kB\n',
    );
  const watch = new CpuWatch(1000, files);
  await watch.look();
  assert.equal(valuesOf(watch.families())['nv_cpu_utilization'], 0.2);
  stat = 'cpu  130 0 130 730 110 0 0 0\n';
  await watch.look();
  assert.deepEqual(valuesOf(watch.families()), {
    nv_cpu_utilization: 0.6,
    nv_cpu_memory_total_bytes: 1_024_000,
    nv_cpu_memory_used_bytes: 768_000,
  });
});

test('a system that does not tell of itself has no values', async () => {
  const watch = new CpuWatch(1000, () => Promise.reject(new Error('no /proc')));
  await watch.start();
  assert.deepEqual(valuesOf(watch.families()), {});
  watch.close();
  for (const text of ['', 'cpu\n', 'cpu a b c d\n', 'intr 1 2 3 4\n'])
    assert.equal(parseCpuTicks(text), undefined);
  assert.equal(parseMemory('MemTotal: 5 kB'), undefined);
});

const line = '0, GPU-5a, 37, 81559, 1024, 700.00, 120.50';

test('a line of nvidia-smi is a GPU; what it does not support is left out', () => {
  assert.deepEqual(parseGpuLine(line), {
    index: 0,
    uuid: 'GPU-5a',
    utilization: 0.37,
    memoryTotalBytes: 81559 * 1048576,
    memoryUsedBytes: 1024 * 1048576,
    powerLimitWatts: 700,
    powerWatts: 120.5,
  });
  const partial = parseGpuLine('1, GPU-b, [N/A], 10, [Not Supported], [N/A], [N/A]');
  assert.deepEqual(
    [partial?.utilization, partial?.memoryUsedBytes, partial?.powerWatts],
    [undefined, undefined, undefined],
  );
  for (const text of ['', 'No devices were found', '0, GPU-a', `${line}, 5`]) {
    assert.equal(parseGpuLine(text), undefined);
  }
});

test('GPUs are watched by one nvidia-smi that goes on; energy is power over time', async () => {
  await withFolder(async (folder) => {
    const [program, asked, feed] = ['nvidia-smi', 'asked', 'feed'].map((name) => path.join(folder, name));
    await writeFile(
      program!,
      `#!/bin/sh\necho "$@" >> ${asked}\necho "${line}"\nwhile [ ! -e ${feed} ]; do sleep 0.01; done\necho "${line}"\nexec sleep 60\n`,
    );
    await chmod(program!, 0o755);
    let nowMs = 0;
    const { log } = memoryLog();
    const watch = new GpuWatch(500, log, () => nowMs);
    await watch.start({ PATH: `/none:${folder}` });
    await eventually(() => watch.uuidOf(0) === 'GPU-5a', 'a line has come');
    const expected = {
      'nv_gpu_utilization GPU-5a': 0.37,
      'nv_gpu_memory_total_bytes GPU-5a': 81559 * 1048576,
      'nv_gpu_memory_used_bytes GPU-5a': 1024 * 1048576,
      'nv_gpu_power_usage GPU-5a': 120.5,
      'nv_gpu_power_limit GPU-5a': 700,
    };
    assert.deepEqual(valuesOf(watch.families()), { ...expected, 'nv_energy_consumption GPU-5a': 0 });
    nowMs = 2000;
    await writeFile(feed!, '');
    await eventually(
      () => valuesOf(watch.families())['nv_energy_consumption GPU-5a'] === 241,
      'another line has come',
    );
    assert.match(
      await readFile(asked!, 'utf8'),
      /^--query-gpu=index,uuid,\S+ --format=csv,noheader,nounits --loop-ms=500\n$/,
    );
    nowMs = 60_000;
    assert.deepEqual(valuesOf(watch.families()), {});
    watch.close();
  });
});

test('a machine without nvidia-smi has no GPUs, and one that ends is told of', async () => {
  await withFolder(async (folder) => {
    const { log, lines } = memoryLog();
    const none = new GpuWatch(500, log, () => 0);
    await none.start({ PATH: folder });
    assert.deepEqual(valuesOf(none.families()), {});
    await writeFile(path.join(folder, 'nvidia-smi'), '#!/bin/sh\nexit 9\n', { mode: 0o755 });
    const failing = new GpuWatch(500, log, () => 0);
    await failing.start({ PATH: folder });
    await eventually(() => lines.some((one) => one.includes('ended with code 9')), 'it is told');
    failing.close();
    none.close();
  });
});

test('the process tells of its loop, its memory and what it is', async () => {
  const watch = new RuntimeWatch({ version: '1.2.3', triton: '4.5.6' });
  await eventually(() => watch.families()[0]!.samples.length === 4, 'the loop was sampled');
  const values = valuesOf(watch.families());
  assert.equal(values[`nereid_build_info 1.2.3 4.5.6 ${process.versions.node}`], 1);
  assert.ok(values['nereid_process_memory_bytes resident']! > 10_000_000);
  assert.ok(values['nereid_event_loop_seconds_total active']! > 0);
  assert.ok(values['nereid_event_loop_delay_seconds 100']! >= values['nereid_event_loop_delay_seconds 50']!);
  watch.close();
});
