import type { RawConnection } from '../raw/connection.js';
import { describeEnd } from '../raw/connection.js';

/** What an attack is told. */
export interface AttackSetup {
  readonly port: number;
  /** How long floods and steady loads go on. */
  readonly seconds: number;
  /** How long it waits for the server to reap what is half-sent. */
  readonly waitSeconds: number;
}

/** What became of an attack. */
export interface AttackOutcome {
  readonly what: string;
  /** Whether the server has put an end to all that the attack had under way. */
  readonly cut: boolean;
  /** Failures among calls of the attack's own that should have succeeded. */
  readonly failed?: number;
}

export type Attack = (setup: AttackSetup) => Promise<AttackOutcome>;

export function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Polls until a condition holds; false when it did not within the time. */
export async function until(condition: () => boolean, msMax: number): Promise<boolean> {
  const endMs = performance.now() + msMax;
  while (!condition()) {
    if (performance.now() > endMs) return false;
    await wait(20);
  }
  return true;
}

/** Lets the server act on what was sent, then tells what it did to the connection. */
export async function outcomeOf(connection: RawConnection, said: string): Promise<AttackOutcome> {
  await until(() => connection.closed, 1000);
  const cut = connection.closed || connection.goAway !== undefined;
  const what = `${said}: ${describeEnd(connection)}`;
  connection.socket.destroy();
  return { what, cut };
}

/** How often each text came, the most frequent first. */
export function tally(texts: Iterable<string>): string {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Array.from(counts)
    .sort(([, a], [, b]) => b - a)
    .slice(0, 5)
    .map(([text, count]) => `${count} × ${text}`)
    .join(', ');
}

export const unreachable: AttackOutcome = { what: 'the server took no connection', cut: false };
