import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { residentBytes } from '../process-usage.js';
import { progress } from '../progress.js';
import type { FromGenerator, GeneratorOrder, PhaseFigures } from './generator.js';

/** A phase and the most that the server held during it. */
export interface PhaseRecord extends PhaseFigures {
  readonly residentMiB: number;
}

const sampleMs = 50;

/** Plays all phases in a process of their own, without a pause between them. */
export async function playPhases(order: GeneratorOrder, pid: number): Promise<PhaseRecord[]> {
  const generator = fork(fileURLToPath(new URL('./generator.js', import.meta.url)), {
    serialization: 'advanced',
  });
  const most = new Map<string, number>();
  let current = '';
  const sampling = setInterval(() => {
    most.set(current, Math.max(most.get(current) ?? 0, residentBytes(pid) / 1024 / 1024));
  }, sampleMs);
  try {
    const figures = await new Promise<readonly PhaseFigures[]>((resolve, reject) => {
      generator.once('exit', () => reject(new Error('the load process has ended before it answered')));
      generator.on('message', (message: FromGenerator) => {
        if (message.kind === 'done') return resolve(message.figures);
        current = message.name;
        progress(current);
      });
      generator.send(order);
    });
    return figures.map((one) => ({ ...one, residentMiB: most.get(one.name) ?? 0 }));
  } finally {
    clearInterval(sampling);
    if (generator.exitCode === null) generator.kill();
  }
}
