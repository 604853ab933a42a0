const largest = 9223372036854775807n;

/**
 * An int64 that was received as a number, in full digits and never with an exponent: exact up to 2^53,
 * beyond it the nearest value that a number holds, and never above the largest int64.
 */
export function formatInt64(value: number): string {
  if (Number.isSafeInteger(value)) return String(value);
  const exact = BigInt(value);
  return String(exact > largest ? largest : exact);
}
