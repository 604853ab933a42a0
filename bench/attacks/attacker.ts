import type { AttackSetup } from './attack.js';
import { attacks } from './table.js';

/** What the process that attacks is told; it answers with an AttackOutcome. */
export interface AttackOrder {
  readonly name: string;
  readonly setup: AttackSetup;
}

process.once('message', ({ name, setup }: AttackOrder) => {
  void attack(name, setup);
});

async function attack(name: string, setup: AttackSetup): Promise<void> {
  const entry = attacks.find((one) => one.name === name);
  if (entry === undefined) throw new Error(`no attack '${name}'. This is a bug.`);
  const outcome = await entry.run(setup);
  process.send?.(outcome, () => process.exit(0));
}
