import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inferenceMethod, TestClient, type AnyMessage, type Outcome } from './client.js';
import { fp32, floatsOf } from './row-requests.js';
import { startServer, testModels, withFolder, type ServerSetup, type TestServer } from './server.js';

/** A server whose repository a test changes while it runs, and a client of it. */
export interface Controlled {
  readonly folder: string;
  readonly server: TestServer;
  readonly client: TestClient;
}

/** Serves an empty folder, which a test fills before or after that. */
export async function withControlled(
  {
    prepare,
    ...setup
  }: { prepare?: (folder: string) => Promise<unknown> } & ServerSetup['repositoryOptions'],
  use: (controlled: Controlled) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await prepare?.(folder);
    const server = await startServer({
      repository: folder,
      repositoryOptions: { control: 'explicit', ...setup },
    });
    const client = new TestClient(server.port);
    try {
      await use({ folder, server, client });
    } finally {
      client.close();
      await server.close();
    }
  });
}

/** Puts versions of a model that adds its number to what it gets. */
export async function putAdder(model: string, versions: readonly number[], settings = ''): Promise<void> {
  await mkdir(model, { recursive: true });
  for (const version of versions) await putVersion(model, version);
  await writeFile(path.join(model, 'config.pbtxt'), await adderConfig(settings));
}

/** Version 9 is one that cannot be opened; any other is one of the three that add their number. */
export async function putVersion(model: string, version: number, graph = version): Promise<void> {
  const folder = path.join(model, String(version));
  await mkdir(folder, { recursive: true });
  if (graph === 9) await writeFile(path.join(folder, 'model.onnx'), 'no model');
  else await cp(path.join(testModels, 'versions_all', String(graph)), folder, { recursive: true });
}

export async function adderConfig(settings = ''): Promise<string> {
  const text = await readFile(path.join(testModels, 'versions_latest/config.pbtxt'), 'utf8');
  return `${text.replace(/^name: .*$/m, '')}${settings}\n`;
}

export function control(client: TestClient, verb: 'Load' | 'Unload', request: AnyMessage): Promise<Outcome> {
  return client.call(inferenceMethod(`RepositoryModel${verb}`), request);
}

export function load(client: TestClient, model: string, parameters: AnyMessage = {}): Promise<Outcome> {
  return control(client, 'Load', { model_name: model, parameters });
}

export function unload(client: TestClient, model: string): Promise<Outcome> {
  return control(client, 'Unload', { model_name: model });
}

/** What the adder makes of 100, or the text of the failure. */
export async function add(client: TestClient, model: string, version = ''): Promise<number | string> {
  const { input, raw } = fp32('INPUT0', [[100]]);
  const outcome = await client.call(inferenceMethod('ModelInfer'), {
    model_name: model,
    model_version: version,
    inputs: [input],
    raw_input_contents: [raw],
  });
  return outcome.kind === 'ok' ? (floatsOf(outcome.response)[0] ?? NaN) : outcome.details;
}

/** The index as lines of `name:version:state:reason`. */
export async function indexOf(client: TestClient, ready = false): Promise<string[]> {
  const outcome = await client.call(inferenceMethod('RepositoryIndex'), { ready });
  if (outcome.kind !== 'ok') throw new Error(outcome.details);
  return outcome.response.models.map(
    ({ name, version, state, reason }: AnyMessage) => `${name}:${version}:${state}:${reason}`,
  );
}

/** How a call failed, or `ok`. */
export function told(outcome: Outcome): string {
  return outcome.kind === 'ok' ? 'ok' : `${outcome.code} ${outcome.details}`;
}
