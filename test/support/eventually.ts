/** Lets the event loop turn so many times. */
export function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const next = (left: number): void => void (left === 0 ? resolve() : setImmediate(next, left - 1));
    next(count);
  });
}

const patienceMs = 20_000;

/** Lets the loop turn until what must come has come; the limit only ends a test that hangs. */
export async function eventually(reached: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const giveUpMs = Date.now() + patienceMs;
  while (!(await reached())) {
    if (Date.now() > giveUpMs) throw new Error(`still not: ${what}`);
    await turns(1);
  }
}
