import PQueue from 'p-queue';
import { InferenceError } from '../inference/error.js';
import type { Model } from '../models/model.js';
import type { ModelVersion, SharedParts } from '../models/model-version.js';
import type { KnownModel, LoadOutcome } from './known-model.js';
import { KnownModels } from './known-models.js';
import { duplicateReason, listEntries, type IndexEntry } from './listing.js';
import { tellDuplicate, tellMissing, tellWhatServes } from './load-news.js';
import { holds, lookAround, type Look, type ModelPlace } from './look.js';
import type { LoadOverride } from './override.js';
import { openSource, type ModelSource } from './source.js';
import type { Environment } from '../storage/storage.js';
import { goneState } from './poller.js';
import { sameStamps, toText } from './stamps.js';
import { logThreads, planShares, type Chosen, type Shares } from './threads.js';
import { Turns } from './turns.js';
import { VersionLoader, type LoadOptions } from './version-loader.js';
import { prepare, type Refused, type Wanted } from './wanted.js';

/** Whether models come and go while the server runs: never, as the folders change, or when they are told to. */
export type ControlMode = 'none' | 'poll' | 'explicit';

export interface RepositoryOptions extends LoadOptions {
  /** Folders and URLs. */
  readonly folders: readonly string[];
  /** What is known of accounts in the cloud; the process's own environment when left out. */
  readonly env?: Environment;
  readonly control?: ControlMode;
  /** What an explicitly controlled repository loads at start: these models, or all of them. */
  readonly startup?: readonly string[] | 'all';
  readonly coreCount: number;
}

/**
 * The models of one or more repositories: which are there, which serve. One that fails to load is logged with its
 * reason and what mends it, and stays known as unavailable, while the others serve.
 */
export class Repository {
  readonly #options: RepositoryOptions;
  readonly #parts: SharedParts;
  #sources: readonly ModelSource[] = [];
  /** Ends downloads. */
  readonly #leaving = new AbortController();
  readonly #loader: VersionLoader;
  readonly #known: KnownModels;
  readonly #turns = new Turns();
  #closing = false;

  /** Called when `allReady` may have changed after the load. */
  onReadinessChanged: (() => void) | undefined = undefined;

  constructor(options: RepositoryOptions, parts: SharedParts) {
    this.#options = options;
    this.#parts = parts;
    this.#loader = new VersionLoader(options, parts, () => this.onReadinessChanged?.());
    this.#known = new KnownModels(options.namespacing === true, this.#loader);
  }

  get control(): ControlMode {
    return this.#options.control ?? 'none';
  }

  get models(): readonly Model[] {
    return this.#known.models;
  }

  /** Whether everything known serves, but for what was unloaded. */
  get allReady(): boolean {
    return this.#known.allReady;
  }

  pick(name: string, version: number | undefined): ModelVersion {
    return this.#known.pick(name, version);
  }

  /** The model of a name, if there is one; throws where the name could mean several. */
  find(name: string): Model | undefined {
    return this.#known.find(name);
  }

  /** What lies in the repositories now, and what is known of it. */
  async index(onlyReady: boolean): Promise<IndexEntry[]> {
    // What serves is told of though a repository cannot be read.
    const look = await this.#look().catch(() => nothing);
    const names = new Set([...look.places.values()].map(({ name }) => name));
    const duplicates = new Set(look.duplicates.keys());
    return listEntries({ names, duplicates, known: this.#known.all }, onlyReady);
  }

  /** Folders of this machine that are looked at for models. */
  get localFolders(): readonly string[] {
    return this.#sources.flatMap(({ localFolder }) => localFolder ?? []);
  }

  /** Loads what is to serve from the start; true if all of it does. */
  async loadAll(): Promise<boolean> {
    const { startup = this.control === 'explicit' ? [] : 'all', loadConcurrency } = this.#options;
    const { folders, env = process.env } = this.#options;
    const opening = { env, log: this.#parts.log, signal: this.#leaving.signal };
    this.#sources = await Promise.all(folders.map((place) => openSource(place, opening)));
    const look = await this.#look();
    const isChosen = (name: string): boolean => startup === 'all' || startup.includes(name);
    for (const [name, places] of look.duplicates) if (isChosen(name)) this.#refuseDuplicate(name, places);
    const chosen = [...look.places].filter(([, { name }]) => isChosen(name));
    const missing = startup === 'all' ? [] : startup.filter((name) => !holds(look, name));
    for (const name of missing) tellMissing(this.#parts.log, name, this.#sources);
    const queue = new PQueue({ concurrency: loadConcurrency });
    const prepared = await queue.addAll(
      chosen.map(
        ([key, place]) =>
          () =>
            this.#prepareAtStart(key, place),
      ),
    );
    const wanted = prepared.filter((one) => one !== undefined);
    const shares = this.#shares(wanted.map(([, one]) => one));
    await Promise.all(wanted.map(([known, one]) => known.load(one, shares)));
    this.#tellThreads(shares);
    return this.allReady && missing.length === 0;
  }

  /**
   * Loads all models of a name, each anew when it has changed since or something is brought along in its place. A
   * model that cannot be read is as it was before: it is told of in the log only.
   */
  load(name: string, override: LoadOverride = {}): Promise<LoadOutcome[]> {
    return this.#inTurn(name, () => this.#loadNamed(name, override));
  }

  /** Unloads all models of a name. No request is let in behind this; those that were will be answered. */
  unload(name: string): Promise<void> {
    return this.#inTurn(name, async () => {
      for (const known of this.#known.named(name)) known.unload();
    });
  }

  /** Models that are not as they were when they were last looked at, each with the state that it was seen in. */
  async changes(): Promise<ReadonlyMap<string, string>> {
    const { places, duplicates } = await this.#look();
    const changes = new Map<string, string>();
    for (const [key, { name, source }] of places) {
      const stamps = await source?.stamp(name);
      const before = this.#known.get(key)?.lookedAt;
      if (stamps === undefined || (before !== undefined && sameStamps(before, stamps))) continue;
      changes.set(key, toText(stamps));
    }
    for (const key of this.#known.keys) {
      const isGone = !places.has(key) && !duplicates.has(key);
      if (isGone && this.#known.get(key)?.lingers === true) changes.set(key, goneState);
    }
    for (const [name, lies] of duplicates) {
      if (this.#known.get(name) === undefined) this.#refuseDuplicate(name, lies);
    }
    return changes;
  }

  /** Loads models that have changed, and unloads those that are gone. What cannot be loaded is told of, and what served goes on. */
  async follow(keys: readonly string[]): Promise<void> {
    const { places } = await this.#look();
    await Promise.all(
      keys.map(async (key) => {
        const place = places.get(key);
        const name = place?.name ?? this.#known.get(key)?.model.name ?? key;
        await this.#inTurn(name, async () => {
          if (place !== undefined) await this.#load(key, place, { tells: true });
          else this.#known.get(key)?.forget();
          this.#known.tidy(key);
        });
      }),
    );
  }

  /** From here on no request waits for company. */
  hurry(): void {
    for (const model of this.models) for (const version of model.readyVersions) version.hurry();
  }

  /** Unloads everything, each version after the requests that it has. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#leaving.abort();
    await this.#turns.settled();
    for (const known of this.#known.all) known.unload();
    await this.#loader.settled();
    for (const source of this.#sources) source.close();
  }

  /** Requests that wait or run, over all models. */
  inFlight(): { model: string; version: number; count: number }[] {
    const serving = this.models.flatMap(({ readyVersions }) => readyVersions);
    return [...new Set([...serving, ...this.#loader.leaving])].map(({ config, version, inFlightCount }) => ({
      model: config.name,
      version,
      count: inFlightCount,
    }));
  }

  #look(): Promise<Look> {
    return lookAround(this.#sources, this.#options.namespacing === true);
  }

  async #prepareAtStart(key: string, place: ModelPlace): Promise<[KnownModel, Wanted] | undefined> {
    const known = this.#known.know(key, place.name);
    const prepared = await prepare(place, {}, this.#loader.context);
    known.lookedAt = prepared.stamps;
    if (prepared.kind === 'refused') known.refuse(prepared.versions, prepared.error.describe());
    if (prepared.kind !== 'wanted') return undefined;
    known.announce(prepared);
    return [known, prepared];
  }

  async #inTurn<T>(name: string, operation: () => Promise<T>): Promise<T> {
    try {
      return await this.#turns.take(name, operation);
    } finally {
      this.onReadinessChanged?.();
    }
  }

  async #loadNamed(name: string, override: LoadOverride): Promise<LoadOutcome[]> {
    if (override.files !== undefined)
      return [await this.#load(name, { name, source: undefined }, { override })];
    const { places, duplicates } = await this.#look();
    const found = [...places].filter(([, place]) => place.name === name);
    if (found.length > 0) {
      return Promise.all(found.map(([key, place]) => this.#load(key, place, { override })));
    }
    const lies = duplicates.get(name);
    const error =
      lies === undefined
        ? tellMissing(this.#parts.log, name, this.#sources)
        : tellDuplicate(this.#parts.log, name, lies);
    return [{ kind: 'refused', error }];
  }

  async #load(
    key: string,
    place: ModelPlace,
    { override = {}, tells = false }: { override?: LoadOverride; tells?: boolean },
  ): Promise<LoadOutcome> {
    if (this.#closing) throw new InferenceError('unavailable', 'Server exiting');
    const known = this.#known.know(key, place.name);
    const served = override.configJson === undefined ? known.present?.stamps : undefined;
    const prepared = await prepare(place, { override, served }, this.#loader.context);
    known.lookedAt = prepared.stamps;
    if (prepared.kind === 'unchanged') return { kind: 'ready' };
    const outcome =
      prepared.kind === 'wanted' ? await known.load(prepared, this.#shares([prepared])) : toOutcome(prepared);
    if (prepared.kind === 'refused' && tells) known.refuse(prepared.versions, prepared.error.describe());
    if (outcome.kind !== 'ready') tellWhatServes(this.#parts.log, known);
    this.#known.tidy(key);
    return outcome;
  }

  /** How what serves and what is to be loaded share the cores. */
  #shares(wanted: readonly Chosen[]): Shares {
    const { coreCount, threadDefaults } = this.#options;
    return planShares([...this.#known.serving, ...wanted], coreCount, threadDefaults);
  }

  #tellThreads({ defaultIntraOpThreads: intraOpThreads }: Shares): void {
    logThreads(this.#known.serving, { coreCount: this.#options.coreCount, intraOpThreads }, this.#parts.log);
  }

  #refuseDuplicate(name: string, places: readonly string[]): void {
    this.#known.know(name, name).refuse([], duplicateReason);
    tellDuplicate(this.#parts.log, name, places);
  }
}

const nothing: Look = { places: new Map(), duplicates: new Map() };

function toOutcome({ withoutVersions, error }: Refused): LoadOutcome {
  return { kind: withoutVersions ? 'no-version' : 'refused', error };
}
