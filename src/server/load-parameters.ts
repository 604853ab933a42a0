import { invalidArgument } from '../inference/error.js';
import type { LoadOverride } from '../repository/override.js';

/** A parameter of a load call, whatever the protocol that it came by. */
export type LoadParameter =
  | { readonly kind: 'string_param'; readonly value: string }
  | { readonly kind: 'bytes_param'; readonly value: Uint8Array }
  /** One that no load takes. */
  | { readonly kind: 'other' };

export const filePrefix = 'file:';

/** What a load call brings along, with Triton's texts for what it cannot bring. */
export function toLoadOverride(parameters: Iterable<readonly [name: string, LoadParameter]>): LoadOverride {
  let configJson: string | undefined;
  const files = new Map<string, Uint8Array>();
  for (const [name, parameter] of parameters) {
    if (name === 'config') {
      if (parameter.kind !== 'string_param') throw wrongKind(name, 'string_param');
      configJson = parameter.value;
    } else if (name.startsWith(filePrefix)) {
      if (parameter.kind !== 'bytes_param') throw wrongKind(name, 'bytes_param');
      files.set(name.slice(filePrefix.length), parameter.value);
    } else {
      throw invalidArgument(`unrecognized load parameter '${name}'.`);
    }
  }
  return {
    ...(configJson === undefined ? {} : { configJson }),
    ...(files.size === 0 ? {} : { files }),
  };
}

function wrongKind(name: string, expected: LoadParameter['kind']): Error {
  return invalidArgument(`invalid value type for load parameter '${name}', expected ${expected}.`);
}
