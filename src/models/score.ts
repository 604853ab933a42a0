/** A score as C's `%f` prints it (six decimals, halves to even), or a plain integer. */
export function formatScore(score: number | bigint, float: boolean): string {
  if (!float || typeof score === 'bigint') return score.toString();
  if (Number.isNaN(score)) return 'nan';
  if (!Number.isFinite(score)) return score > 0 ? 'inf' : '-inf';
  if (Object.is(score, -0)) return '-0.000000';
  // JavaScript turns to exponents here; such a number is a whole one, and BigInt writes all its digits.
  if (Math.abs(score) >= 1e21) return `${BigInt(score)}.000000`;
  // Only odd multiples of 1/128 lie exactly between two numbers of six decimals.
  const tie = Number.isInteger(score * 128) && !Number.isInteger(score * 64);
  if (!tie) return score.toFixed(6);
  const cut = score.toFixed(7).slice(0, -1);
  return Number(cut.at(-1)) % 2 === 0 ? cut : score.toFixed(6);
}
