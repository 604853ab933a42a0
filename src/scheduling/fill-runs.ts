import { toInferenceError, type InferenceError } from '../inference/error.js';
import type { Run } from '../instances/messages.js';
import { fillSlot, type SlotPlan } from '../instances/slot.js';
import type { Arena } from '../tensors/arena.js';
import type { Entry } from './entry.js';

/** A batch in its slot. */
export interface FilledRun {
  readonly entries: readonly Entry[];
  readonly run: Run;
}

/**
 * Writes each batch into a slot of its own. A batch that no slot can hold is split into its requests; a
 * request that no slot can hold is refused, and the others go on.
 */
export function fillRuns(
  parts: { readonly plan: SlotPlan; readonly arena: Arena },
  batches: readonly (readonly Entry[])[],
  refuse: (entry: Entry, error: InferenceError) => void,
): FilledRun[] {
  const filled: FilledRun[] = [];
  for (const entries of batches) {
    try {
      const requests = entries.map(({ request }) => request);
      filled.push({ entries, run: fillSlot(parts.plan, requests, parts.arena) });
    } catch (error) {
      const [first, second] = entries;
      if (second !== undefined) filled.push(...fillRuns(parts, alone(entries), refuse));
      else if (first !== undefined) refuse(first, toInferenceError(error));
    }
  }
  return filled;
}

/** Each by itself. */
export function alone(entries: readonly Entry[]): (readonly Entry[])[] {
  return entries.map((entry) => [entry]);
}
