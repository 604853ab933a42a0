import type { ErrorCode } from '../inference/error.js';
import type { Place } from './text/place.js';

/** One finding of a config check: Triton's text where Triton has one, and what mends it. */
export interface Problem {
  readonly code: ErrorCode;
  readonly message: string;
  readonly remedy: string;
  /** The field that it is about, as in `input[0].dims`; none when it is about the config as a whole. */
  readonly path?: string;
  /** Where that field stands, or the nearest around it, if the config was read from a text. */
  readonly place?: Place;
}

export function invalid(message: string, remedy: string): Problem {
  return { code: 'invalid-argument', message, remedy };
}

export function unsupported(message: string, remedy: string): Problem {
  return { code: 'unsupported', message, remedy };
}

/** The same problem, of a field. */
export function at(path: string, problem: Problem): Problem {
  return { ...problem, path };
}

/** A problem in one line for a person: what is wrong, where and, where known, what mends it. */
export function describeProblem({
  message,
  remedy,
  path,
  place,
}: Pick<Problem, 'message' | 'remedy' | 'path' | 'place'>): string {
  const line = place === undefined ? '' : `, line ${place.line}, column ${place.column}`;
  const where = path === undefined ? '' : ` (in ${path}${line})`;
  if (remedy === '' && where === '') return message;
  const said = message.replace(/\.$/, '') + where;
  return remedy === '' ? said : `${said}. To mend it: ${remedy}`;
}
