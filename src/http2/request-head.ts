import type { Field } from './hpack/field.js';

/** A request before its body. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly scheme: string;
  readonly authority: string;
  /** All fields in their order, pseudo-header fields too. */
  readonly fields: readonly Field[];
  /** What content-length says; -1 without it. */
  readonly contentLength: number;
}

/** What a field is found to be, kept in its `mark`: fields come again and are looked at once. */
const mark = {
  regular: 1,
  malformed: 2,
  method: 3,
  path: 4,
  scheme: 5,
  authority: 6,
  contentLength: 7,
} as const;

type Mark = (typeof mark)[keyof typeof mark];

const pseudoMarks: Readonly<Record<string, Mark>> = {
  ':method': mark.method,
  ':path': mark.path,
  ':scheme': mark.scheme,
  ':authority': mark.authority,
};

/** §8.2.2: what speaks of a connection has no place in HTTP/2. */
const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
]);

/** RFC 9113 §8.1–§8.3: the head that the fields make; undefined when they are no request. */
export function readRequestHead(fields: readonly Field[]): RequestHead | undefined {
  const head = { method: '', path: '', scheme: '', authority: '', fields, contentLength: -1 };
  let seen = 0;
  for (const field of fields) {
    const found = markOf(field);
    if (found === mark.malformed) return undefined;
    if (found === mark.regular) {
      seen |= 1 << mark.regular;
      continue;
    }
    if (found === mark.contentLength) {
      const length = Number(field.value);
      if (head.contentLength !== -1 && head.contentLength !== length) return undefined;
      head.contentLength = length;
      seen |= 1 << mark.regular;
      continue;
    }
    // Pseudo-header fields come once each, and before all others.
    if ((seen & ((1 << found) | (1 << mark.regular))) !== 0) return undefined;
    seen |= 1 << found;
    setPseudo(head, found, field.value);
  }
  if (head.method === '') return undefined;
  // §8.5: CONNECT names an authority and nothing else.
  if (head.method === 'CONNECT') {
    return head.authority === '' || head.path !== '' || head.scheme !== '' ? undefined : head;
  }
  const rooted = head.path.startsWith('/') || (head.path === '*' && head.method === 'OPTIONS');
  return rooted && head.scheme !== '' ? head : undefined;
}

/** §8.1: trailers have no pseudo-header fields. */
export function areTrailers(fields: readonly Field[]): boolean {
  return fields.every((field) => {
    const found = markOf(field);
    return found === mark.regular || found === mark.contentLength;
  });
}

function setPseudo(
  head: { method: string; path: string; scheme: string; authority: string },
  found: Mark,
  value: string,
): void {
  if (found === mark.method) head.method = value;
  else if (found === mark.path) head.path = value;
  else if (found === mark.scheme) head.scheme = value;
  else head.authority = value;
}

function markOf(field: Field): Mark {
  if (field.mark === 0) field.mark = classify(field);
  return field.mark as Mark;
}

/** §8.2.1: letters in lower case, digits and the signs of a token. */
const fieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
/** §8.2.1: no NUL, CR or LF, and no blank at either end. */
const fieldValue = /^(?![ \t])[^\0\r\n]*(?<![ \t])$/;

function classify({ name, value }: Field): Mark {
  if (!fieldValue.test(value)) return mark.malformed;
  if (name.startsWith(':')) return pseudoMarks[name] ?? mark.malformed;
  if (!fieldName.test(name) || connectionSpecific.has(name)) return mark.malformed;
  if (name === 'te') return value === 'trailers' ? mark.regular : mark.malformed;
  if (name !== 'content-length') return mark.regular;
  return /^\d{1,15}$/.test(value) ? mark.contentLength : mark.malformed;
}
