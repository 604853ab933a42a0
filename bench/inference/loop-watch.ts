import { renameSync, writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

// Loaded into a measured server with --import. It does nothing until the first SIGUSR2; from then on each
// signal writes what the event loop did since the last one into the file NEREID_LOOP_FILE, and forgets it.

/** What one signal is answered with; `serial` counts the signals. */
export interface LoopReport {
  readonly serial: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

const resolutionMs = 2;
const file = process.env['NEREID_LOOP_FILE'];
if (isMainThread && file !== undefined) watch(file);

function watch(file: string): void {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  let serial = 0;
  // Node records the time between two turns of its timer: what is late is what is beyond the timer's own.
  const lateUs = (ns: number): number => Math.max(0, ns / 1000 - resolutionMs * 1000);
  process.on('SIGUSR2', () => {
    const report: LoopReport = {
      serial: ++serial,
      p50Us: lateUs(delay.percentile(50)),
      p99Us: lateUs(delay.percentile(99)),
      maxUs: lateUs(delay.max),
    };
    // The reader shall never see half a report.
    writeFileSync(`${file}.part`, JSON.stringify(report));
    renameSync(`${file}.part`, file);
    // Behind the file, which may have kept the loop waiting for a disk.
    delay.enable();
    delay.reset();
  });
}
