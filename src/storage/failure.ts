import { InferenceError, type ErrorCode } from '../inference/error.js';

/** In what way a store did not do what was asked of it. */
export type FailureKind =
  /** There is no such bucket or container. */
  | 'no-bucket'
  /** The object is gone, or is another one than was listed. */
  | 'changed'
  /** The credentials are wrong, or may not do this. */
  | 'refused'
  /** There are no credentials where they were said to be. */
  | 'no-credentials'
  /** Its certificate is of nobody whom this machine trusts. */
  | 'untrusted'
  /** Nobody answers at that address. */
  | 'unreachable'
  /** The store's own reason is all that is known. */
  | 'other';

const codes: Readonly<Record<FailureKind, ErrorCode>> = {
  'no-bucket': 'not-found',
  changed: 'unavailable',
  refused: 'invalid-argument',
  'no-credentials': 'invalid-argument',
  untrusted: 'invalid-argument',
  unreachable: 'unavailable',
  other: 'internal',
};

/** What one store needs said in its errors. */
export interface FailureWords {
  readonly url: string;
  /** `bucket 'x'`, `container 'x'`. */
  readonly bucket: string;
  /** Where its credentials come from, after "Check". */
  readonly credentials: string;
  /** Texts that no error may hold. */
  readonly secrets: readonly string[];
}

/** OpenSSL's reasons to reject a certificate, as Node names them. */
const untrusted =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_CERT_)|self-signed certificate|issuer certificate|unable to verify the first/;

const reasonLengthMax = 300;

/** A store's failure as an error for people: what, where, why, and what mends it. */
export function storageError(kind: FailureKind, reason: string, words: FailureWords): InferenceError {
  const why = withoutSecrets(reason.split('\n', 1)[0] ?? '', words.secrets).slice(0, reasonLengthMax);
  return new InferenceError(codes[kind], describe(kind, why.replace(/\.$/, ''), words));
}

function describe(kind: FailureKind, why: string, { url, bucket, credentials }: FailureWords): string {
  switch (kind) {
    case 'no-bucket':
      return `${bucket} of '${url}' does not exist (${why}). Check its name, and the host or account in the URL`;
    case 'changed':
      return `something in '${url}' changed or vanished while it was read (${why})`;
    case 'refused':
      return `access to '${url}' was refused (${why}). Check ${credentials}, and that they may list and read there`;
    case 'no-credentials':
      return `the credentials for '${url}' cannot be read (${why}). Check ${credentials}`;
    case 'untrusted':
      return (
        `the certificate of the server of '${url}' is not trusted (${why}). ` +
        'NODE_EXTRA_CA_CERTS may name a file with the certificate of who issued it'
      );
    case 'unreachable':
      return `nobody answers for '${url}' (${why}). Check the host, the port and http or https in the URL, and the network`;
    case 'other':
      return `cannot read '${url}' (${why})`;
  }
}

/** The text with each secret blotted out; short ones, which may be part of any word, too. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets
    .filter((secret) => secret !== '')
    .reduce((shown, secret) => shown.replaceAll(secret, '***'), text);
}

/** The codes of Node's and of the SDKs' errors for a host that is not there or does not answer. */
const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EPIPE',
  'EPROTO',
  'ETIMEDOUT',
  'TimeoutError',
  'REQUEST_SEND_ERROR',
]);

/** The parts of a thrown value that SDKs tell their failures by. */
export interface ThrownParts {
  readonly name: string;
  readonly code: string;
  readonly message: string;
  readonly status: number | undefined;
}

/** Reads them, whichever of the SDKs threw it. */
export function partsOf(thrown: unknown): ThrownParts {
  if (!(thrown instanceof Error)) return { name: '', code: '', message: String(thrown), status: undefined };
  const { code, statusCode, $metadata } = thrown as {
    code?: unknown;
    statusCode?: unknown;
    $metadata?: { httpStatusCode?: unknown };
  };
  const status = [statusCode, $metadata?.httpStatusCode, code].find((one) => typeof one === 'number');
  // An AggregateError of a host with several addresses has no message of its own.
  const [first] = thrown instanceof AggregateError ? (thrown.errors as unknown[]) : [];
  const message = thrown.message === '' && first instanceof Error ? first.message : thrown.message;
  return { name: thrown.name, code: typeof code === 'string' ? code : '', message, status };
}

/** What is known of a failure of any store: that of the connection, or nothing. */
export function connectionFailure(parts: ThrownParts): 'untrusted' | 'unreachable' | 'other' {
  if (untrusted.test(parts.code) || untrusted.test(parts.message)) return 'untrusted';
  return isUnreachable(parts) ? 'unreachable' : 'other';
}

function isUnreachable({ name, code, message }: ThrownParts): boolean {
  if (unreachable.has(code) || unreachable.has(name)) return true;
  return /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH/.test(message);
}

/** `Name: message`, or what there is of it. */
export function reasonOf({ name, code, message }: ThrownParts): string {
  const title = [code, name].find((one) => one !== '' && one !== 'Error') ?? '';
  const text = message === title || message === 'UnknownError' ? '' : message;
  return [title, text].filter((one) => one !== '').join(': ') || 'no reason was given';
}

/** The error of whoever gave up. */
export function cancelled(what: string): InferenceError {
  return new InferenceError('cancelled', `${what} was cancelled`);
}
