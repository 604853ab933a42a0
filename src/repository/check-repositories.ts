import path from 'node:path';
import PQueue from 'p-queue';
import { toInferenceError } from '../inference/error.js';
import { groupModels } from '../storage/list-models.js';
import { openStorage } from '../storage/open-storage.js';
import type { Log } from '../telemetry/log.js';
import { checkModel, type CheckedModel, type ModelCheckOptions } from './check-model.js';
import { finding, fromError, type Finding } from './finding.js';
import { isVersionName } from './layout.js';
import { duplicateReason } from './listing.js';
import { toSource, type ModelSource } from './source.js';
import { isOnnx, listNames } from './strays.js';

export interface CheckOptions extends ModelCheckOptions {
  /** Models that are open at once. */
  readonly concurrency: number;
  /** Whether several repositories may hold models of one name. */
  readonly namespacing: boolean;
  /** For what is told while models are downloaded. */
  readonly log: Log;
  /** Ends downloads, and the check behind the models that are open. */
  readonly signal: AbortSignal;
}

export interface CheckedRepository {
  readonly place: string;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

/** All that there is to say of repositories before a server opens them. */
export interface CheckReport {
  readonly repositories: readonly CheckedRepository[];
  /** In the order of names. */
  readonly models: readonly CheckedModel[];
}

/** Whether nothing stands against any of it. */
export function isClean({ repositories, models }: CheckReport): boolean {
  return [...repositories, ...models].every(({ findings }) => findings.length === 0);
}

/**
 * Tests every model of every repository, a bounded number at once, without a server. What is wrong is in the
 * report, a repository that cannot be opened too; what was opened is closed again. Rejects only when the signal says so.
 */
export async function checkRepositories(
  places: readonly string[],
  options: CheckOptions,
): Promise<CheckReport> {
  const { signal } = options;
  const surveyed = await Promise.all(places.map((place) => survey(place, options)));
  const queue = new PQueue({ concurrency: options.concurrency });
  try {
    signal.throwIfAborted();
    const found = surveyed.flatMap(({ source, names }) =>
      source === undefined ? [] : names.map((name) => ({ name, source })),
    );
    const models = await queue.addAll(
      found.map((model) => async () => {
        const checked = await checkModel(model, options);
        if (signal.aborted) queue.clear();
        signal.throwIfAborted();
        return checked;
      }),
    );
    const told = options.namespacing ? models : models.map((model) => tellDuplicate(model, models));
    const ordered = told.toSorted((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
    return { repositories: surveyed.map(({ checked }) => checked), models: ordered };
  } finally {
    await queue.onIdle();
    for (const { source } of surveyed) source?.close();
  }
}

interface Survey {
  readonly checked: CheckedRepository;
  readonly source?: ModelSource;
  readonly names: readonly string[];
}

/** Opens a repository and looks at what lies in it, but not into its models. */
async function survey(place: string, { log, signal }: CheckOptions): Promise<Survey> {
  try {
    const storage = await openStorage(place, { env: process.env, log, signal });
    const source = toSource(storage, log, signal);
    const files = await storage.list('', signal);
    const { refused } = groupModels(files);
    const plain = files.map((file) => file.path).filter((file) => !file.includes('/'));
    const names = await source.list();
    if (isModelFolder(plain, names)) {
      return { checked: { place, findings: [tellModelFolder(place)], notes: [] }, source, names: [] };
    }
    const loose = plain.filter(isOnnx);
    const others = plain.filter((name) => !isOnnx(name));
    const unsafe = storage.localFolder === undefined ? refused : [];
    const findings = [
      ...unsafe.map((reason) => finding(reason, 'rename it')),
      ...loose.map(tellLoose),
      ...(names.length === 0 ? [tellEmpty(place)] : []),
    ];
    const notes = others.length === 0 ? [] : [`plain files are passed over: ${listNames(others)}`];
    return { checked: { place, findings, notes }, source, names };
  } catch (error) {
    const found = fromError(toInferenceError(error));
    const remedy = found.remedy || 'name a folder or URL that holds one folder for each model';
    return { checked: { place, findings: [{ ...found, remedy }], notes: [] }, names: [] };
  }
}

/** Whether somebody named one model instead of the folder around it. */
function isModelFolder(plain: readonly string[], names: readonly string[]): boolean {
  return plain.includes('config.pbtxt') || (names.length > 0 && names.every(isVersionName));
}

function tellModelFolder(place: string): Finding {
  const around = /^[a-z0-9]+:\/\//i.test(place)
    ? place.replace(/\/*[^/]+\/*$/, '')
    : path.dirname(path.resolve(place));
  return finding(
    `'${place}' is the folder of one model, not a repository`,
    `name the folder that holds it: '${around}'`,
  );
}

function tellLoose(name: string): Finding {
  const model = name.replace(/\.onnx$/i, '');
  return finding(
    `'${name}' lies beside the folders of models, and is passed over`,
    `move it to '${model}/1/model.onnx'`,
  );
}

function tellEmpty(place: string): Finding {
  return finding(
    `no model lies in '${place}'`,
    `put a folder for each model there, as in '${path.posix.join(place.replace(/\/+$/, '').split('/').at(-1) ?? '', 'my_model/1/model.onnx')}'`,
  );
}

function tellDuplicate(model: CheckedModel, all: readonly CheckedModel[]): CheckedModel {
  const alike = all.filter(({ name }) => name === model.name);
  if (alike.length < 2) return model;
  const lies = listNames(alike.map(({ repository, name }) => `${repository.replace(/\/+$/, '')}/${name}`));
  const remedy = 'keep one of them, or serve with --model-namespacing=true';
  return { ...model, findings: [finding(`${duplicateReason}: ${lies}`, remedy), ...model.findings] };
}
