import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import path from 'node:path';
import { figureCells, figureHeads, formatTable } from '../src/loadtest/report.js';
import type { Measurement } from './loaders.js';
import { root } from './server-process.js';

/** Prints a result and keeps it as bench/results/<date>-<name>.json and .txt; no name keeps nothing. */
export async function publish(name: string, data: object, text: string): Promise<void> {
  process.stdout.write(`\n${text}\n`);
  if (name === '') return;
  const folder = path.join(root, 'bench/results');
  const date = new Date().toISOString().slice(0, 10);
  const base = path.join(folder, `${date}-${name}`);
  await mkdir(folder, { recursive: true });
  await writeFile(`${base}.json`, `${JSON.stringify({ date, machine: machine(), ...data }, undefined, 2)}\n`);
  await writeFile(`${base}.txt`, `${machine()}\n\n${text}\n`);
  process.stdout.write(`\nwritten to bench/results/${date}-${name}.json and .txt\n`);
}

function machine(): string {
  const memoryGiB = Math.round(totalmem() / 1024 ** 3);
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memoryGiB} GiB, Node ${process.version}`;
}

export function measurementTable(measurements: readonly Measurement[]): string {
  const rows = measurements.map((one) => [
    one.subject,
    one.payload,
    String(one.concurrency),
    one.client,
    ...figureCells(one.figures),
    one.serverCpuSecondsPer1000.toFixed(4),
    one.serverResidentMiB.toFixed(0),
  ]);
  const head = ['server', 'payload', 'c', 'client', ...figureHeads, 'CPU-s/1000', 'RSS MiB'];
  return formatTable(head, rows);
}
