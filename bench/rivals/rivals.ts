import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { answerBytes } from '../inference/probe.js';
import { benchModel } from '../models/catalog.js';
import { modelFile } from '../models/repository.js';
import { encodeModelRequest, valuesFor } from '../models/request.js';
import { root, ServerProcess } from '../server-process.js';
import type { ToolTarget } from '../tools.js';
import { installRival } from './install.js';

/** A server that people run today, with tiny_mlp. */
export interface Rival {
  readonly name: string;
  readonly server: ServerProcess;
  /** The load client that can speak to it. */
  readonly client: 'ghz' | 'h2load';
  readonly target: Omit<ToolTarget, 'concurrency'>;
}

export const rivalNames = ['mlserver', 'kserve', 'fastapi'] as const;
export type RivalName = (typeof rivalNames)[number];

const readyMsMax = 60_000;
const httpPath = '/infer';

/** Installs a rival where that was not done yet, starts it and waits until it answers. */
export async function startRival(name: RivalName): Promise<Rival> {
  const python = await installRival(name);
  const [port = 0, httpPort = 0] = await freePorts(2);
  const script = path.join(root, 'bench/rivals', `${name}_server.py`);
  const file = await modelFile(benchModel('tiny_mlp'));
  const server = await ServerProcess.start(python, [script, file, String(port), String(httpPort)], {
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  try {
    const target = await waitUntilReady(name, { port, server });
    return { name, server, client: name === 'fastapi' ? 'h2load' : 'ghz', target };
  } catch (error) {
    await server.close();
    throw error;
  }
}

async function waitUntilReady(
  name: RivalName,
  { port, server }: { port: number; server: ServerProcess },
): Promise<Rival['target']> {
  const plain = name === 'fastapi';
  const values = valuesFor('FP32', 64);
  const message = plain ? Buffer.from(values.buffer) : encodeModelRequest(benchModel('tiny_mlp'));
  const ask = (): Promise<number> => (plain ? postOnce(port, message) : answerBytes(port, message));
  for (const endMs = performance.now() + readyMsMax; ; await wait(200)) {
    try {
      const bytes = await ask();
      return { port, message, answerBytes: bytes, ...(plain ? { httpPath } : {}) };
    } catch (error) {
      if (server.ended !== undefined) throw new Error(`${name} has ended: ${server.ended}`, { cause: error });
      if (performance.now() > endMs) throw new Error(`${name} does not answer`, { cause: error });
    }
  }
}

async function postOnce(port: number, body: Buffer): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}${httpPath}`, {
    method: 'POST',
    body: new Uint8Array(body),
  });
  if (!answer.ok) throw new Error(`the server answered with ${answer.status}`);
  return (await answer.arrayBuffer()).byteLength;
}

/** Ports that were free a moment ago. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}
