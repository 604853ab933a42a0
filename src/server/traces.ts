import { randomBytes } from 'node:crypto';
import { RequestTrace } from '../inference/request-trace.js';
import { readParentContext, type ParentContext } from '../telemetry/trace-context.js';
import type { ClosableSink } from './trace-files.js';
import { TraceScope } from './trace-scope.js';
import {
  changeOwn,
  checkTraceSettings,
  nameTraceSettings,
  type NamedSettings,
  type OwnSettings,
  type TraceChanges,
  type TraceOutput,
  type TraceSettings,
} from './trace-settings.js';

export interface TracesOptions extends TraceOutput {
  /** What the command line says. */
  readonly settings: TraceSettings;
}

/** Where traces go, for each setting that comes to hold, and when all has been written. */
export interface TraceDestination {
  sink(logFrequency: number): ClosableSink;
  close(): Promise<void>;
}

/** Where a request's metadata is found, which may name a trace of its caller. */
export interface TraceCarrier {
  metadata(key: string): string | undefined;
}

/** The model and the request that may be traced. */
export interface TraceCandidate {
  readonly modelName: string;
  readonly modelVersion: number;
  readonly requestId: string;
}

/**
 * Which requests are traced: one setting for all models, and one for each model that has its own, where what it
 * leaves out is as in the first. What a request without a trace costs is to read `active`, and, while
 * something is traced, one look-up and one count.
 */
export class Traces {
  readonly #options: TracesOptions;
  readonly #destination: TraceDestination;
  readonly #models = new Map<string, TraceScope>();
  #global: TraceScope;
  #active = false;
  #nextId = 1;

  constructor(options: TracesOptions, destination: TraceDestination) {
    this.#options = options;
    this.#destination = destination;
    this.#global = this.#open(options.settings, {});
    this.#decideActive();
  }

  /** Whether any request may be traced: to be asked first. */
  get active(): boolean {
    return this.#active;
  }

  /** The trace of a request, if it is sampled. */
  begin(candidate: TraceCandidate, carrier: TraceCarrier): RequestTrace | undefined {
    const scope = this.#models.size === 0 ? this.#global : this.#scopeOf(candidate.modelName);
    if (!scope.traces) return undefined;
    const spans = this.#options.mode === 'opentelemetry';
    const parent = spans ? parentOf(carrier) : undefined;
    // Who traces the whole has decided for its parts.
    if (parent === undefined ? !this.#take(scope) : !parent.sampled) return undefined;
    scope.begin();
    const { level } = scope.settings;
    const { modelName, modelVersion, requestId } = candidate;
    const named = { id: this.#nextId++, modelName, modelVersion, requestId };
    if (!spans) return new RequestTrace({ ...named, ...level }, scope);
    return new RequestTrace({ ...named, ...placeIn(parent), timestamps: true, tensors: false }, scope);
  }

  /** The settings of a model, or of all that have none of their own for an empty name. */
  settings(modelName: string): NamedSettings {
    return nameTraceSettings(this.#scopeOf(modelName).settings, this.#options);
  }

  /** Changes them; models that follow the global setting in what is changed follow at once. */
  update(modelName: string, changes: TraceChanges): NamedSettings {
    if (Object.keys(changes).length > 0) {
      if (modelName === '') this.#updateGlobal(changes);
      else this.#updateModel(modelName, changes);
      this.#decideActive();
    }
    return this.settings(modelName);
  }

  /** Writes what has ended; resolves when it is written, or cannot be. */
  close(): Promise<void> {
    return this.#destination.close();
  }

  #scopeOf(modelName: string): TraceScope {
    return this.#models.get(modelName) ?? this.#global;
  }

  #take(scope: TraceScope): boolean {
    if (!scope.take()) return false;
    if (!scope.samples) this.#decideActive();
    return true;
  }

  #updateGlobal(changes: TraceChanges): void {
    const own = changeOwn(this.#global.own, changes);
    const settings = { ...this.#options.settings, ...own };
    if (!('count' in changes)) settings.count = this.#global.settings.count;
    checkTraceSettings(settings, this.#options);
    this.#global.retire();
    this.#global = this.#open(settings, own);
    for (const [name, scope] of this.#models) {
      const followed = { ...settings, ...scope.own };
      if ('count' in scope.own || !('count' in changes)) followed.count = scope.settings.count;
      scope.retire();
      this.#models.set(name, this.#open(followed, scope.own));
    }
  }

  #updateModel(name: string, changes: TraceChanges): void {
    const before = this.#models.get(name);
    const own = changeOwn(before?.own ?? {}, changes);
    const settings = { ...this.#global.settings, ...own };
    // What is left of a count is kept by a change of anything else.
    if (before !== undefined && !('count' in changes)) settings.count = before.settings.count;
    checkTraceSettings(settings, this.#options);
    before?.retire();
    if (Object.keys(own).length === 0) this.#models.delete(name);
    else this.#models.set(name, this.#open(settings, own));
  }

  #open(settings: TraceSettings, own: OwnSettings): TraceScope {
    return new TraceScope(settings, own, this.#destination.sink(settings.logFrequency));
  }

  #decideActive(): void {
    const propagates = this.#options.mode === 'opentelemetry';
    this.#active = [this.#global, ...this.#models.values()].some((scope) =>
      propagates ? scope.traces : scope.samples,
    );
  }
}

function parentOf(carrier: TraceCarrier): ParentContext | undefined {
  const parent = carrier.metadata('traceparent');
  return parent === undefined ? undefined : readParentContext(parent, carrier.metadata('tracestate'));
}

/** A place in the caller's trace, or in a new one. */
function placeIn(parent: ParentContext | undefined): {
  compute: { traceId: string; spanId: string };
  parentSpanId: string;
  traceState: string;
} {
  const digits = randomBytes(24).toString('hex');
  return {
    compute: { traceId: parent?.traceId ?? digits.slice(16), spanId: digits.slice(0, 16) },
    parentSpanId: parent?.spanId ?? '',
    traceState: parent?.state ?? '',
  };
}
