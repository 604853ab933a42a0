import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { encodeRequest } from '../../src/loadtest/payload.js';
import { benchModel } from '../models/catalog.js';
import { makeRepository, modelFile } from '../models/repository.js';
import { installRival } from '../rivals/install.js';
import { root, ServerProcess } from '../server-process.js';
import { ourNodeFlags, type Payload } from '../subjects.js';
import type { ToolTarget } from '../tools.js';

/** A server under a load: what is sent to it, and how much comes back. */
export interface Lane {
  readonly subject: string;
  readonly payload: string;
  readonly server: ServerProcess;
  readonly target: Omit<ToolTarget, 'concurrency'>;
}

export interface Servers {
  readonly nereid: ServerProcess;
  readonly httpPort: number;
  /** The same with HTTP over Node's own. */
  readonly onNode: ServerProcess;
  readonly onNodePort: number;
  readonly echo: ServerProcess;
  /** Absent where it could not be installed. */
  readonly fastapi: ServerProcess | undefined;
}

export async function startServers(withFastapi: boolean): Promise<Servers> {
  const models = ['identity_fp32', 'image_scores'].map((name) => benchModel(name));
  const servings = models.map((model) => ({ model, threads: 1, instanceCount: 1 }));
  const repository = await makeRepository('http', servings);
  const [httpPort, onNodePort] = [await freePort(), await freePort()];
  const serve = (port: number, transport: string): Promise<ServerProcess> =>
    ServerProcess.start(process.execPath, [
      ...ourNodeFlags,
      'dist/src/cli/main.js',
      'serve',
      `--model-repository=${repository}`,
      '--grpc-address=127.0.0.1',
      '--grpc-port=0',
      '--grpc-transport=grpc-js',
      '--http-address=127.0.0.1',
      `--http-port=${port}`,
      `--http-transport=${transport}`,
      '--metrics-port=0',
    ]);
  const nereid = await serve(httpPort, 'own');
  const onNode = await serve(onNodePort, 'node');
  const echo = await ServerProcess.start(process.execPath, [...ourNodeFlags, 'dist/bench/http/echo.js']);
  const fastapi = withFastapi ? await startFastapi() : undefined;
  return { nereid, httpPort, onNode, onNodePort, echo, fastapi };
}

async function startFastapi(): Promise<ServerProcess> {
  const python = await installRival('fastapi');
  const port = await freePort();
  const script = path.join(root, 'bench/rivals/fastapi_json_server.py');
  const file = await modelFile(benchModel('image_scores'));
  const server = await ServerProcess.start(python, [script, file, String(port), '0'], {
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  });
  await answering(port, '/docs');
  return server;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

const readyMsMax = 60_000;

async function answering(port: number, url: string): Promise<void> {
  for (const endMs = performance.now() + readyMsMax; ; await wait(100)) {
    const answer = await fetch(`http://127.0.0.1:${port}${url}`).catch(() => undefined);
    if (answer?.ok === true) return;
    if (performance.now() > endMs) throw new Error(`no answer from port ${port}`);
  }
}

const inferPath = '/v2/models/identity_fp32/infer';

/** The echo, binary inference over HTTP, our own and Node's, and the same over grpc-js, of one size. */
export function binaryLanes(
  { nereid, onNode, onNodePort, echo, httpPort }: Servers,
  { name, bytes }: Payload,
): Lane[] {
  const shape = [1, bytes / 4];
  const tensor = { name: 'INPUT0', datatype: 'FP32', shape };
  const data = Buffer.from(Float32Array.from({ length: bytes / 4 }, (_, i) => 1 + (i % 100) / 100).buffer);
  const head = Buffer.from(
    JSON.stringify({
      inputs: [{ ...tensor, parameters: { binary_data_size: bytes } }],
      parameters: { binary_data_output: true },
    }),
  );
  const message = Buffer.concat([head, data]);
  const httpHeaders = [`inference-header-content-length: ${head.byteLength}`];
  const grpc = encodeRequest({ model: 'identity_fp32', inputs: [{ ...tensor, byteLength: bytes }] });
  return [
    {
      subject: 'echo',
      payload: name,
      server: echo,
      target: { port: echo.port, message, answerBytes: bytes, httpPath: '/' },
    },
    {
      subject: 'http',
      payload: name,
      server: nereid,
      target: { port: httpPort, message, answerBytes: bytes, httpPath: inferPath, httpHeaders },
    },
    {
      subject: 'http-node',
      payload: name,
      server: onNode,
      target: { port: onNodePort, message, answerBytes: bytes, httpPath: inferPath, httpHeaders },
    },
    {
      subject: 'grpc-js',
      payload: name,
      server: nereid,
      target: { port: nereid.port, message: grpc, answerBytes: bytes },
    },
  ];
}

/** An image of 3x224x224 in JSON, as Python writes floats, to this server and to FastAPI. */
export function jsonLanes({ nereid, httpPort, fastapi }: Servers): Lane[] {
  const pixels = Array.from({ length: 3 * 224 * 224 }, (_, i) => Math.fround(Math.sin(i * 12.9898) * 2));
  const shape = [1, 3, 224, 224];
  const message = Buffer.from(
    JSON.stringify({ inputs: [{ name: 'INPUT0', shape, datatype: 'FP32', data: pixels }] }),
  );
  const httpPath = '/v2/models/image_scores/infer';
  const answerBytes = 100;
  const ours = {
    subject: 'http',
    payload: 'image JSON',
    server: nereid,
    target: { port: httpPort, message, answerBytes, httpPath },
  };
  if (fastapi === undefined) return [ours];
  return [
    ours,
    {
      subject: 'fastapi',
      payload: 'image JSON',
      server: fastapi,
      target: { port: fastapi.port, message, answerBytes, httpPath: '/infer' },
    },
  ];
}
