import { createHash, timingSafeEqual } from 'node:crypto';
import { invalidArgument } from '../inference/error.js';

/** What the protocols offer, by the words in which restrictions speak of it. */
export const categories = [
  'health',
  'metadata',
  'inference',
  'shared-memory',
  'model-config',
  'model-repository',
  'statistics',
  'trace',
  'logging',
] as const;

export type Category = (typeof categories)[number];

/** A header that a call must have. */
export interface Restriction {
  /** In lower case, as headers are received. */
  readonly header: string;
  /** As it was written, for the text of the refusal. */
  readonly named: string;
  /** Whether a header's value is the one that is asked for; how long that takes tells nothing of it. */
  admits(value: string | undefined): boolean;
}

/** Which categories ask for a header. */
export type Restrictions = ReadonlyMap<Category, Restriction>;

export const noRestrictions: Restrictions = new Map();

export interface RestrictionFlag {
  readonly name: string;
  /** What Triton calls a category of this protocol. */
  readonly noun: 'protocol' | 'api';
  /** What the name of a header begins with. */
  readonly headerPrefix: string;
}

/** Reads `<category>[,<category>...]:<key>=<value>`, with Triton's texts for what is not so. */
export function parseRestrictions(texts: readonly string[], flag: RestrictionFlag): Restrictions {
  const restrictions = new Map<Category, Restriction>();
  for (const text of texts) {
    const [, names = '', key = '', value = ''] = /^([^:]+):([^=]+)=(.+)$/s.exec(text) ?? [];
    if (value === '') {
      throw invalidArgument(`--${flag.name} option format is '<config name>:<setting>=<value>'. Got ${text}`);
    }
    const restriction = createRestriction(flag.headerPrefix + key, value);
    for (const name of names.split(',')) {
      const category = categories.find((one) => one === name);
      if (category === undefined) throw invalidArgument(`unknown restricted ${flag.noun} '${name}' `);
      if (restrictions.has(category)) {
        throw invalidArgument(
          `restricted ${flag.noun} '${name}' can not be specified in multiple config groups`,
        );
      }
      restrictions.set(category, restriction);
    }
  }
  return restrictions;
}

function createRestriction(named: string, value: string): Restriction {
  const expected = digest(value);
  return {
    header: named.toLowerCase(),
    named,
    admits: (given) => given !== undefined && timingSafeEqual(digest(given), expected),
  };
}

/** Of one length, whatever the value's. */
function digest(value: string): Buffer {
  return createHash('sha256').update(value).digest();
}
