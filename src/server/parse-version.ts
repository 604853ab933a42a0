import { InferenceError } from '../inference/error.js';

/** A version text by Triton's rules: the leading integer counts; empty means none was asked for. */
export function parseVersion(text: string): number | undefined {
  if (text === '') return undefined;
  const [, sign = '', digits] = /^[ \t\n\v\f\r]*([+-]?)0*(\d+)/.exec(text) ?? [];
  // Twenty digits are out of range in any case; a client may send millions of them.
  const version = digits === undefined || digits.length > 19 ? undefined : BigInt(sign + digits);
  if (version === undefined || version !== BigInt.asIntN(64, version)) {
    throw new InferenceError(
      'invalid-argument',
      `failed to get model version from specified version string '${text}' (details: stol), version should be an integral value > 0`,
    );
  }
  if (version < 0n) {
    throw new InferenceError(
      'invalid-argument',
      `invalid model version specified '${text}' , version should be an integral value > 0`,
    );
  }
  return Number(version);
}
