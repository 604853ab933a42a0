import { invalidArgument } from '../inference/error.js';
import type { InferRequest } from '../inference/request.js';

/** Parameters that mean something to the server itself. */
const reserved: ReadonlySet<string> = new Set([
  'sequence_id',
  'sequence_start',
  'sequence_end',
  'priority',
  'timeout',
  'headers',
  'binary_data_output',
]);

/** Names of headers whose match is remembered; clients could send any number of them. */
const rememberedMax = 1000;

export type Headers = Iterable<readonly [name: string, value: string]>;

/**
 * A forwarder by a pattern that a name matches somewhere, in upper or lower case. The pattern is RE2's: whatever it
 * is, it takes no longer than the name is long. Rejects when it is none.
 */
export async function createHeaderForwarder(pattern: string): Promise<HeaderForwarder> {
  // Only who forwards headers waits for it at the start.
  const { RE2JS } = await import('re2js');
  const compiled = RE2JS.compile(`(?i)${pattern}`);
  return new HeaderForwarder((name) => compiled.test(name));
}

/** Hands the headers of a request to its model as parameters, those whose name matches. */
export class HeaderForwarder {
  readonly #match: (name: string) => boolean;
  readonly #remembered = new Map<string, boolean>();

  constructor(match: (name: string) => boolean) {
    this.#match = match;
  }

  /**
   * Adds what matches to the parameters of a request; of a name that comes again the last value counts. A request that
   * is refused is given up: what it holds of shared memory is released.
   */
  forward(headers: Headers, request: InferRequest): void {
    let added: Map<string, string> | undefined;
    for (const [name, value] of headers) {
      if (!this.#matches(name)) continue;
      if (reserved.has(name) || name.startsWith('triton_')) {
        request.regions?.release();
        throw invalidArgument(`Header '${name}' is reserved for Triton usage and cannot be forwarded.`);
      }
      (added ??= new Map()).set(name, value);
    }
    if (added !== undefined) request.parameters = new Map([...request.parameters, ...added]);
  }

  #matches(name: string): boolean {
    const known = this.#remembered.get(name);
    if (known !== undefined) return known;
    const found = this.#match(name);
    if (this.#remembered.size < rememberedMax) this.#remembered.set(name, found);
    return found;
  }
}
