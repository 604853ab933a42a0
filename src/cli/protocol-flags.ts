import { toInferenceError } from '../inference/error.js';
import { createHeaderForwarder, type HeaderForwarder } from '../server/forwarded-headers.js';
import { parseRestrictions, type Restrictions } from '../server/restrictions.js';
import type { GivenFlags } from './flag-reader.js';
import { UsageError } from './usage-error.js';

/** What may be said of both protocols: who may do what, and what models hear of. */
export interface ProtocolFlags {
  readonly restrictions: Restrictions;
  /** Undefined when no header is forwarded. */
  readonly headerForwardPattern: string | undefined;
}

export function grpcProtocolFlags(given: GivenFlags): ProtocolFlags {
  const name = 'grpc-restricted-protocol';
  return {
    restrictions: restrictions(given, { name, noun: 'protocol', headerPrefix: 'triton-grpc-protocol-' }),
    headerForwardPattern: pattern(given, 'grpc-header-forward-pattern'),
  };
}

export function httpProtocolFlags(given: GivenFlags): ProtocolFlags {
  return {
    restrictions: restrictions(given, { name: 'http-restricted-api', noun: 'api', headerPrefix: '' }),
    headerForwardPattern: pattern(given, 'http-header-forward-pattern'),
  };
}

function restrictions(given: GivenFlags, flag: Parameters<typeof parseRestrictions>[1]): Restrictions {
  try {
    return parseRestrictions(given.get(flag.name) ?? [], flag);
  } catch (error) {
    throw new UsageError(toInferenceError(error).message);
  }
}

/** An empty pattern forwards nothing, as in Triton. */
function pattern(given: GivenFlags, name: string): string | undefined {
  const text = given.get(name)?.at(-1) ?? '';
  return text === '' ? undefined : text;
}

/** Rejects with a text that names the flag when the pattern is none. */
export async function openForwarder(
  pattern: string | undefined,
  flag: string,
): Promise<HeaderForwarder | undefined> {
  if (pattern === undefined) return undefined;
  try {
    return await createHeaderForwarder(pattern);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--${flag} is '${pattern}', expected a regular expression of RE2: ${reason}`);
  }
}
