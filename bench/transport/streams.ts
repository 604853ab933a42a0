import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { formatTable } from '../../src/loadtest/report.js';
import { verdict, type Verdict } from '../judge.js';
import { progress } from '../progress.js';
import type { Subject } from '../subjects.js';
import type { StreamFigures, StreamLoad } from './stream-client.js';
import { streamMessagesPerSecondLeast } from './targets.js';

const clientFile = fileURLToPath(new URL('./stream-client.js', import.meta.url));
const payloadBytes = 128;

export interface StreamMeasurement {
  readonly subject: string;
  readonly messagesPerSecond: number;
  readonly messagesPerServerCpuSecond: number;
  /** At 100 % the client and not the server is the limit. */
  readonly clientCpuPercent: number;
  readonly cut: boolean;
}

/** Messages per second on one bidirectional stream. */
export async function measureStreams(
  subjects: readonly Subject[],
  seconds: number,
): Promise<StreamMeasurement[]> {
  const measured: StreamMeasurement[] = [];
  for (const { name, server } of subjects) {
    progress(`stream: ${name}`);
    const figures = await ask({ port: server.port, serverPid: server.pid, payloadBytes, seconds });
    measured.push({
      subject: name,
      messagesPerSecond: figures.answered / figures.seconds,
      messagesPerServerCpuSecond: figures.answered / figures.serverCpuSeconds,
      clientCpuPercent: (figures.clientCpuSeconds / figures.seconds) * 100,
      cut: figures.cut,
    });
  }
  return measured;
}

function ask(load: StreamLoad): Promise<StreamFigures> {
  return new Promise((resolve, reject) => {
    const client = fork(clientFile);
    const timer = setTimeout(() => client.kill('SIGKILL'), (load.seconds + 20) * 1000);
    client.once('exit', () => {
      clearTimeout(timer);
      reject(new Error('the stream client has ended without an answer'));
    });
    client.once('message', (figures) => resolve(figures as StreamFigures));
    client.send(load);
  });
}

export function streamTable(measured: readonly StreamMeasurement[]): string {
  const head = ['server', 'messages/s', 'per server CPU-s', 'client CPU %', 'stream'];
  return formatTable(
    head,
    measured.map((one) => [
      one.subject,
      one.messagesPerSecond.toFixed(0),
      one.messagesPerServerCpuSecond.toFixed(0),
      one.clientCpuPercent.toFixed(0),
      one.cut ? 'cut by the server' : 'open to the end',
    ]),
  );
}

export function judgeStreams(measured: readonly StreamMeasurement[]): Verdict[] {
  return measured
    .filter(({ subject }) => subject === 'http2')
    .map(({ subject, messagesPerSecond }) =>
      verdict(
        messagesPerSecond,
        { least: streamMessagesPerSecondLeast },
        { target: `messages/s on one stream: ${subject}`, cell: `${payloadBytes} B`, client: 'raw' },
      ),
    );
}
