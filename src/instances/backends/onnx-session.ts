import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { InferenceError } from '../../inference/error.js';
import type { OpenMessage } from '../messages.js';
import type { OrtMetadata } from './onnx-checks.js';
import { elementName } from './onnx-facts.js';
import { answeringWith, readOverridable, readStrings, withoutInitializers } from './onnx-graph.js';
import type { Overridable } from './onnx-graph.js';
import { sessionOptions } from './onnx-options.js';
import { pruneModel } from './onnx-prune.js';
import { asFed } from './onnx-types.js';

/** A session, what the model says of its tensors, and what it is fed where a request leaves an input out. */
export interface OpenedModel {
  readonly session: InferenceSession;
  readonly metadata: OrtMetadata;
  readonly defaults: Readonly<Record<string, OrtTensor>>;
}

/**
 * Opens a model's session. The binding feeds only inputs that the model requires: where the config has inputs
 * that replace an initializer, the session is opened from the model without it, and its value is fed instead.
 */
export async function openSession(model: OpenMessage): Promise<OpenedModel> {
  const overridden = await findOverridden(model);
  try {
    return overridden === undefined ? await openNeeded(model) : await openWithout(model, overridden);
  } catch (error) {
    throw describeOpenError(error, model);
  }
}

async function openFile(model: OpenMessage): Promise<OpenedModel> {
  const session = await InferenceSession.create(model.modelFile, sessionOptions(model));
  return { session, metadata: readMetadata(session), defaults: {} };
}

/** Where the config leaves outputs of the model out, what only those need is not computed. */
async function openNeeded(model: OpenMessage): Promise<OpenedModel> {
  const whole = await openFile(model);
  if (model.spec.outputs.length >= whole.metadata.outputs.length) return whole;
  // The form that shares its weights is written by the session, and only once.
  if (model.shareIn !== undefined || model.shared === true) return whole;
  const pruned = await pruneFile(model);
  if (pruned === undefined) return whole;
  await whole.session.release();
  try {
    const session = await InferenceSession.create(pruned, bytesOptions(model));
    return { session, metadata: readMetadata(session), defaults: {} };
  } catch {
    // A model that only works as a whole serves as a whole.
    return openFile(model);
  }
}

async function pruneFile({ modelFile, spec }: OpenMessage): Promise<Uint8Array | undefined> {
  try {
    return pruneModel(await readFile(modelFile), new Set(spec.outputs.map(({ name }) => name)));
  } catch {
    // Another form of model than protobuf: it serves as a whole.
    return undefined;
  }
}

function readMetadata({ inputMetadata, outputMetadata }: InferenceSession): OrtMetadata {
  return { inputs: inputMetadata, outputs: outputMetadata };
}

interface Overridden {
  readonly bytes: Uint8Array;
  readonly initializers: Overridable;
}

/** The initializers that the config's optional inputs replace; undefined where there is none. */
async function findOverridden(model: OpenMessage): Promise<Overridden | undefined> {
  const optional = new Set(model.spec.inputs.filter((input) => input.optional).map(({ name }) => name));
  if (optional.size === 0) return undefined;
  let bytes: Uint8Array;
  let all: Overridable;
  try {
    bytes = await readFile(model.modelFile);
    all = readOverridable(bytes);
  } catch {
    // What is wrong with the file is for the runtime to say.
    return undefined;
  }
  const initializers = new Map([...all].filter(([name]) => optional.has(name)));
  return initializers.size === 0 ? undefined : { bytes, initializers };
}

async function openWithout(model: OpenMessage, { bytes, initializers }: Overridden): Promise<OpenedModel> {
  refuseSharing(model);
  for (const [name, initializer] of initializers) refuseStrings(model, name, initializer);
  const names = new Set(initializers.keys());
  const options = bytesOptions(model);
  const required = withoutInitializers(bytes, names);
  const outputs = new Set(model.spec.outputs.map(({ name }) => name));
  const session = await InferenceSession.create(pruneModel(required, outputs) ?? required, options);
  const metadata = { ...readMetadata(session), overridden: names };
  const reader = await InferenceSession.create(answeringWith(initializers), options);
  const values = await reader.run({});
  const defaults = Object.entries(values).map(([name, value]) => [name, ownCopy(value)] as const);
  await reader.release();
  return { session, metadata, defaults: Object.fromEntries(defaults) };
}

/** What a session answers with may be memory of its own, which goes with it. */
function ownCopy({ type, data, dims }: OrtTensor): OrtTensor {
  return asFed(new OrtTensor(type, data.slice(), dims));
}

/** What is opened from memory looks for its external data where the file lies. */
function bytesOptions(model: OpenMessage): InferenceSession.SessionOptions {
  const folder = { 'session.model_external_initializers_file_folder_path': path.dirname(model.modelFile) };
  const entries = { ...model.session.entries, ...folder };
  return sessionOptions({ ...model, session: { ...model.session, entries } });
}

function refuseSharing({ spec, shareIn, shared }: OpenMessage): void {
  if (shareIn === undefined && shared !== true) return;
  throw new InferenceError(
    'unsupported',
    `model '${spec.name}' has optional inputs, and 'nereid.share_weights' leaves none: remove one of the two`,
  );
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The binding would change such text, on its way out and in. */
function refuseStrings({ spec }: OpenMessage, name: string, initializer: Uint8Array): void {
  for (const string of readStrings(initializer)) {
    let changed = string.includes(0);
    try {
      utf8.decode(string);
    } catch {
      changed = true;
    }
    if (!changed) continue;
    throw new InferenceError(
      'unsupported',
      `unable to load model '${spec.name}', the default of optional input '${name}' has text that is not valid UTF-8 or contains a NUL byte, which onnxruntime-node would change`,
    );
  }
}

interface UnopenedModel {
  readonly spec: Pick<OpenMessage['spec'], 'name'>;
  readonly gpu: number;
}

/** Why a model could not be opened, in Triton's form. */
export function describeOpenError(error: unknown, model: UnopenedModel): InferenceError {
  if (error instanceof InferenceError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [, type] = /^Unsupported data type: (\d+)$/.exec(text) ?? [];
  if (type !== undefined) {
    return new InferenceError(
      'unsupported',
      `unable to load model '${model.spec.name}', it has an input or output of ONNX element type ${elementName(Number(type))}, which onnxruntime-node cannot carry`,
      { cause: error },
    );
  }
  if (model.gpu >= 0 && /CUDA|providers_shared|shared library/i.test(text)) {
    return new InferenceError(
      'internal',
      `GPU instances not supported: the CUDA libraries of onnxruntime-node could not be loaded (${text}). See "GPU" in README.md`,
      { cause: error },
    );
  }
  const notOnnx = /Protobuf parsing failed/.test(text)
    ? ' It is not an ONNX model, or it is damaged: export or copy it again.'
    : '';
  return runtimeError(`${text}${notOnnx}`, error);
}

/** ONNX Runtime's own words behind Triton's prefix; its numeric code where the text carries one. */
export function runtimeError(text: string, cause: unknown): InferenceError {
  const [, code = '1'] = /\[ONNXRuntimeError\] : (\d+)/.exec(text) ?? [];
  return new InferenceError('internal', `onnx runtime error ${code}: ${text}`, { cause });
}
