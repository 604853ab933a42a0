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

/** Writes each batch into a slot of its own; one that no slot can hold is refused, and the others go on. */
export function fillRuns(
  { plan, arena }: { readonly plan: SlotPlan; readonly arena: Arena },
  batches: readonly (readonly Entry[])[],
  refuse: (entries: readonly Entry[], error: InferenceError) => void,
): FilledRun[] {
  const filled: FilledRun[] = [];
  for (const entries of batches) {
    try {
      const requests = entries.map(({ request }) => request);
      filled.push({ entries, run: fillSlot(plan, requests, arena) });
    } catch (error) {
      refuse(entries, toInferenceError(error));
    }
  }
  return filled;
}
