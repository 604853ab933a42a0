import { readFile } from 'node:fs/promises';
import type { Log } from '../telemetry/log.js';
import { InferenceError, invalidArgument } from '../inference/error.js';
import type { Environment } from './storage.js';

/** Empty texts are as good as absent in all of these, as in Triton. */
export interface S3Credential {
  readonly keyId: string;
  readonly secretKey: string;
  readonly sessionToken: string;
  readonly region: string;
  readonly profile: string;
}

export interface GsCredential {
  /** A JSON file of a user or a service account. */
  readonly keyFile: string;
}

export interface AsCredential {
  /** Takes the place of the account in the URL. */
  readonly account: string;
  readonly key: string;
  /** `key` is the one that is supported. */
  readonly authType: string;
}

/** What a credentials file may hold, and for which texts it is read. */
const fieldsOf = {
  s3: ['secret_key', 'key_id', 'region', 'session_token', 'profile'],
  as: ['account_str', 'account_key', 'auth_type', 'client_id'],
};

const variable = 'TRITON_CLOUD_CREDENTIAL_PATH';

/** Where credentials are looked for. */
export interface CredentialSource {
  /** The URL as it was written, which prefixes are held against. */
  readonly text: string;
  readonly env: Environment;
  readonly log: Log;
}

export async function readS3Credential(source: CredentialSource): Promise<S3Credential> {
  const entry = await readEntry('s3', source);
  if (entry === undefined) {
    const { env } = source;
    return {
      keyId: env['AWS_ACCESS_KEY_ID'] ?? '',
      secretKey: env['AWS_SECRET_ACCESS_KEY'] ?? '',
      sessionToken: env['AWS_SESSION_TOKEN'] ?? '',
      region: regionOf(env),
      profile: env['AWS_PROFILE'] ?? '',
    };
  }
  const field = readFields('s3', entry, source);
  return {
    keyId: field('key_id'),
    secretKey: field('secret_key'),
    sessionToken: field('session_token'),
    region: field('region') || regionOf(source.env),
    profile: field('profile'),
  };
}

/** Triton's name for it first; the other is the one that Amazon's newer tools read. */
function regionOf(env: Environment): string {
  return env['AWS_DEFAULT_REGION'] || env['AWS_REGION'] || '';
}

export async function readGsCredential(source: CredentialSource): Promise<GsCredential> {
  const entry = await readEntry('gs', source);
  if (entry === undefined) return { keyFile: source.env['GOOGLE_APPLICATION_CREDENTIALS'] ?? '' };
  if (typeof entry.value === 'string') return { keyFile: entry.value };
  throw refuseFile(source.env, `gs entry '${entry.prefix}' is not the path of a JSON file, as text`);
}

export async function readAsCredential(source: CredentialSource): Promise<AsCredential> {
  const entry = await readEntry('as', source);
  if (entry === undefined) {
    const { env } = source;
    return {
      account: env['AZURE_STORAGE_ACCOUNT'] ?? '',
      key: env['AZURE_STORAGE_KEY'] ?? '',
      authType: env['AZURE_STORAGE_AUTH_TYPE'] ?? '',
    };
  }
  const field = readFields('as', entry, source);
  return { account: field('account_str'), key: field('account_key'), authType: field('auth_type') };
}

interface Entry {
  readonly prefix: string;
  readonly value: unknown;
}

/** The entry for a URL in the credentials file; undefined when there is no such file and the environment holds. */
async function readEntry(
  kind: 's3' | 'gs' | 'as',
  { text, env }: CredentialSource,
): Promise<Entry | undefined> {
  const file = env[variable];
  if (file === undefined || file === '') return undefined;
  const all = await readJson(env, file);
  const entries = isObject(all) ? (all[kind] ?? {}) : undefined;
  if (!isObject(entries)) {
    throw refuseFile(
      env,
      `it must hold an object with objects 's3', 'gs' and 'as' from prefixes to credentials`,
    );
  }
  const prefix = longestPrefix(text, Object.keys(entries));
  if (prefix === undefined) {
    throw new InferenceError(
      'not-found',
      `Cannot match credential for path  ${text}: '${file}' (${variable}) has no ${kind} entry that it begins with; ` +
        `the entry "" matches all`,
    );
  }
  return { prefix, value: entries[prefix] };
}

/** The longest of the prefixes that the text begins with. */
export function longestPrefix(text: string, prefixes: readonly string[]): string | undefined {
  return prefixes
    .filter((prefix) => text.startsWith(prefix))
    .reduce<string | undefined>(
      (best, one) => (best === undefined || one.length > best.length ? one : best),
      undefined,
    );
}

async function readJson(env: Environment, file: string): Promise<unknown> {
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (error) {
    throw refuseFile(env, `it cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no reason given'}`);
  }
  try {
    return JSON.parse(content);
  } catch (error) {
    // The parser's own text quotes the file, which holds secrets.
    const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
    throw refuseFile(env, `it is no JSON${position === undefined ? '' : `, from character ${position} on`}`);
  }
}

/** The texts of one entry; what is no text is refused, and what has no meaning is said in the log. */
function readFields(
  kind: 's3' | 'as',
  { prefix, value }: Entry,
  { env, log }: CredentialSource,
): (name: string) => string {
  if (!isObject(value)) throw refuseFile(env, `${kind} entry '${prefix}' is not an object`);
  const known = fieldsOf[kind];
  const stray = Object.keys(value).filter((name) => !known.includes(name));
  if (stray.length > 0) {
    log.warning(
      `${variable}: ${kind} entry '${prefix}' has unknown fields, which have no effect: ${stray.join(', ')}. ` +
        `Known are ${known.join(', ')}`,
    );
  }
  const wrong = known.find((name) => value[name] !== undefined && typeof value[name] !== 'string');
  if (wrong !== undefined) throw refuseFile(env, `'${wrong}' of ${kind} entry '${prefix}' is not a text`);
  return (name) => (typeof value[name] === 'string' ? value[name] : '');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseFile(env: Environment, reason: string): InferenceError {
  return invalidArgument(`credentials file '${env[variable]}' (${variable}) is wrong: ${reason}`);
}
