import { createGzip } from 'node:zlib';
import { inferPath } from '../../src/loadtest/payload.js';
import { connectRaw, describeEnd, type RawConnection } from '../raw/connection.js';
import { callHeaders, flag, frame, frameBytesMax, framed, headerBlock, type } from '../raw/frames.js';
import { unreachable, until, type Attack, type AttackOutcome } from './attack.js';

const MiB = 1024 * 1024;
const answerMsMax = 30_000;

/** A message of a few hundred kilobytes that is 1 GiB when it is unpacked. */
export const gzipBomb: Attack = async ({ port }) => {
  const body = framed(await gzipZeros(1024), { flag: 1 });
  const connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const stream = connection.open(inferPath, [['grpc-encoding', 'gzip']]);
  void connection.send(stream, body);
  return awaitAnswer(connection, stream, `${(body.byteLength / MiB).toFixed(1)} MiB of gzip for 1 GiB`);
};

async function gzipZeros(mebibytes: number): Promise<Buffer> {
  const zeros = Buffer.alloc(MiB);
  const gzip = createGzip({ level: 9 });
  const chunks: Buffer[] = [];
  gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (let i = 0; i < mebibytes; i++) await new Promise((resolve) => gzip.write(zeros, resolve));
  await new Promise((resolve) => gzip.once('end', resolve).end());
  return Buffer.concat(chunks);
}

/** A call with a megabyte of metadata. */
export const metadata: Attack = async ({ port }) => {
  const connection = await connectRaw(port);
  if (connection === undefined) return unreachable;
  const value = 'v'.repeat(100);
  const fields = Array.from({ length: 9500 }, (_, i) => [`x-${i}`, value] as const);
  const block = Buffer.concat([callHeaders(inferPath), headerBlock(fields)]);
  const stream = connection.stream();
  for (let at = 0; at < block.byteLength; at += frameBytesMax) {
    const flags = at + frameBytesMax >= block.byteLength ? flag.endHeaders : 0;
    const head = { type: at === 0 ? type.headers : type.continuation, flags, stream };
    connection.write(frame(head, block.subarray(at, at + frameBytesMax)));
  }
  connection.write(frame({ type: type.data, flags: flag.endStream, stream }));
  return awaitAnswer(connection, stream, `${(block.byteLength / MiB).toFixed(1)} MiB of metadata`);
};

async function awaitAnswer(connection: RawConnection, stream: number, said: string): Promise<AttackOutcome> {
  const state = connection.streams.get(stream);
  const startMs = performance.now();
  const answered = await until(
    () => state?.ended !== undefined || connection.goAway !== undefined,
    answerMsMax,
  );
  const ms = (performance.now() - startMs).toFixed(0);
  const how = answered
    ? `ended after ${ms} ms, status ${state?.status ?? 'none'}, ${state?.dataBytes} B`
    : 'no answer';
  const what = `${said}: ${how}; ${describeEnd(connection)}`;
  connection.socket.destroy();
  return { what, cut: answered };
}
