import { fileURLToPath } from 'node:url';
import { invalidArgument } from '../inference/error.js';

/** Where a repository lies, as its URL says it. `folder` has no slash at either end; `''` is the whole bucket. */
export type StoragePlace =
  | { readonly kind: 'local'; readonly folder: string }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly folder: string;
      /** The endpoint of a server that is not Amazon's. */
      readonly endpoint: string | undefined;
    }
  | { readonly kind: 'gs'; readonly bucket: string; readonly folder: string }
  | { readonly kind: 'as'; readonly account: string; readonly container: string; readonly folder: string };

type Cloud = Exclude<StoragePlace['kind'], 'local'>;

const forms: Readonly<Record<Cloud, string>> = {
  s3: 's3://bucket/path, s3://host:port/bucket/path or s3://https://host:port/bucket/path',
  gs: 'gs://bucket/path',
  as: 'as://account/container/path',
};

const allForms = `a folder, file:///folder, ${Object.values(forms).join(', ')}`;

/** Schemes of other tools, and of a hurried hand, for the same places. */
const meantSchemes: Readonly<Record<string, string>> = {
  s3a: 's3',
  s3n: 's3',
  minio: 's3',
  gcs: 'gs',
  gcp: 'gs',
  google: 'gs',
  az: 'as',
  azure: 'as',
  abfs: 'as',
  abfss: 'as',
  wasb: 'as',
  wasbs: 'as',
};

/** Reads a place of models.md's forms; text without a scheme is a folder on this machine. */
export function parseStorageUrl(text: string): StoragePlace {
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(text) ?? [];
  if (scheme === undefined) return { kind: 'local', folder: text };
  switch (scheme) {
    case 'file':
      return { kind: 'local', folder: parseFileUrl(text) };
    case 's3':
      return parseS3(rest);
    case 'gs': {
      const [bucket = '', ...folders] = split('gs', rest);
      return { kind: 'gs', bucket: checkName('gs', bucket, 'a bucket'), folder: folders.join('/') };
    }
    case 'as': {
      const [host = '', container = '', ...folders] = split('as', rest);
      return {
        kind: 'as',
        account: checkName('as', host.replace(/\.blob\.core\.windows\.net$/, ''), 'an account'),
        container: checkName('as', container, 'a container'),
        folder: folders.join('/'),
      };
    }
    default: {
      const lower = scheme.toLowerCase();
      const meant = meantSchemes[lower] ?? (lower === 'file' || lower in forms ? lower : undefined);
      const hint = meant === undefined ? '' : ` Did you mean '${meant}://'?`;
      throw invalidArgument(
        `repository URL begins with '${scheme}://', which is none that is known.${hint} Expected ${allForms}`,
      );
    }
  }
}

/** The place as it is shown: nothing of it is secret, for URLs that carry secrets are refused. */
export function showPlace(place: StoragePlace): string {
  switch (place.kind) {
    case 'local':
      return place.folder;
    case 's3': {
      const host = place.endpoint?.replace(/^http:\/\//, '');
      return `s3://${[...(host === undefined ? [] : [host]), place.bucket, ...inside(place.folder)].join('/')}`;
    }
    case 'gs':
      return `gs://${[place.bucket, ...inside(place.folder)].join('/')}`;
    case 'as':
      return `as://${[place.account, place.container, ...inside(place.folder)].join('/')}`;
  }
}

function inside(folder: string): string[] {
  return folder === '' ? [] : [folder];
}

function parseFileUrl(text: string): string {
  try {
    return fileURLToPath(text);
  } catch {
    throw invalidArgument(
      `repository URL '${text}' names no folder of this machine. Expected file:///folder, with three slashes`,
    );
  }
}

/** A host is told from a bucket by its protocol or its port, as in Triton. */
function parseS3(rest: string): StoragePlace {
  const [, protocol, behind = ''] = /^(https?:\/\/)?(.*)$/s.exec(rest) ?? [];
  const [first = '', ...others] = split('s3', behind);
  const port = /^[^:]*:(.*)$/.exec(first)?.[1];
  if (protocol === undefined && port === undefined) {
    return {
      kind: 's3',
      bucket: checkName('s3', first, 'a bucket'),
      folder: others.join('/'),
      endpoint: undefined,
    };
  }
  const [bucket = '', ...folders] = others;
  if (!/^[a-z0-9.-]+(:\d{1,5})?$/i.test(first) || Number(port ?? 0) > 65_535) {
    throw refuse('s3', `'${first}' is no host with a port`);
  }
  return {
    kind: 's3',
    bucket: checkName('s3', bucket, 'a bucket'),
    folder: folders.join('/'),
    endpoint: `${protocol ?? 'http://'}${first}`,
  };
}

/** The names between the slashes, of which several count as one. */
function split(cloud: Cloud, rest: string): string[] {
  const [host = ''] = rest.split('/', 1);
  // Neither is shown: both are places where people write secrets.
  if (host.includes('@')) {
    throw refuse(cloud, 'it holds credentials before an @, which belong into the environment');
  }
  if (/[?#]/.test(rest)) throw refuse(cloud, 'it has a query or a fragment (? or #), which is not supported');
  const names = rest.split('/').filter((name) => name !== '');
  const stray = names.find((name) => name === '.' || name === '..' || /[\\\0]/.test(name));
  if (stray !== undefined) throw refuse(cloud, `'${stray}' is no name of a folder`);
  return names;
}

function checkName(cloud: Cloud, name: string, what: string): string {
  if (name === '') throw refuse(cloud, `${what} is missing`);
  if (/^[a-z0-9][a-z0-9._-]*$/i.test(name)) return name;
  throw refuse(cloud, `'${name}' is no name of ${what}`);
}

function refuse(cloud: Cloud, reason: string): Error {
  return invalidArgument(`${cloud}:// repository URL is wrong: ${reason}. Expected ${forms[cloud]}`);
}
