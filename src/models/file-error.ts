/** Why a file could not be read, without the path and the call that Node adds to it. */
export function fileErrorReason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, reason] = /^[A-Z]+\d*: (.+?), \w+(?: '|$)/.exec(message) ?? [];
  return reason ?? message;
}
