import type { VersionState } from '../models/model.js';
import type { KnownModel } from './known-model.js';

/** One line of the repository index. */
export interface IndexEntry {
  readonly name: string;
  /** Empty where nothing is known of any version. */
  readonly version: string;
  /** Empty for a model that nobody has asked to load. */
  readonly state: string;
  readonly reason: string;
}

/** What lies in the repositories, and what is known of it. */
export interface Inventory {
  /** Names of the models that lie in the repositories. */
  readonly names: ReadonlySet<string>;
  /** Names that more than one repository has, where that is not allowed. */
  readonly duplicates: ReadonlySet<string>;
  readonly known: readonly KnownModel[];
}

export const duplicateReason = 'model appears in two or more repositories';

const stateNames = { loading: 'LOADING', ready: 'READY', unloading: 'UNLOADING', unavailable: 'UNAVAILABLE' };

/**
 * The repository index, by name: what lies there, whether or not it was ever loaded, and what serves. What was
 * unloaded and does not lie there any more is forgotten.
 */
export function listEntries({ names, duplicates, known }: Inventory, onlyReady: boolean): IndexEntry[] {
  const entries: IndexEntry[] = [...duplicates].map((name) => bare(name, 'UNAVAILABLE', duplicateReason));
  const told = new Set(duplicates);
  for (const { model, problem } of known) {
    const { name, versions } = model;
    if (versions.length > 0 || problem !== undefined) told.add(name);
    if (versions.length === 0 && problem !== undefined && !duplicates.has(name))
      entries.push(bare(name, 'UNAVAILABLE', problem));
    if (!names.has(name) && versions.every(([, state]) => state.kind === 'unavailable')) continue;
    entries.push(...versions.map(([version, state]) => toEntry(name, version, state)));
  }
  for (const name of names) if (!told.has(name)) entries.push(bare(name));
  entries.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  // A name that two folders have is told of in any case, as Triton does.
  return onlyReady
    ? entries.filter(({ state, reason }) => state === 'READY' || reason === duplicateReason)
    : entries;
}

function bare(name: string, state = '', reason = ''): IndexEntry {
  return { name, version: '', state, reason };
}

function toEntry(name: string, version: number, state: VersionState): IndexEntry {
  const reason = state.kind === 'unavailable' ? state.reason : '';
  return { name, version: String(version), state: stateNames[state.kind], reason };
}
