import { runsInline, toSessionSettings } from '../config/parameters.js';
import { describeProblem } from '../config/problem.js';
import type { ModelSpec } from '../config/tensor-spec.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import { InferenceError, toInferenceError } from '../inference/error.js';
import { ThreadInstance } from '../instances/instance.js';
import type { OpenMessage } from '../instances/messages.js';
import type { OpenInstance } from '../instances/pool.js';
import { niceOf } from '../instances/priority.js';
import { SharedWeights } from '../instances/shared-weights.js';
import type { Place } from './instance-places.js';
import { openInline, type InlineNews } from './open-inline.js';
import { warmedUp, type WarmUp } from './warmup.js';

/** What instances are opened from. */
export interface InstanceSource {
  readonly config: ModelConfig;
  readonly spec: ModelSpec;
  readonly version: number;
  readonly modelFile: string;
  /** For instances whose config names no number. */
  readonly defaultIntraOpThreads: number;
  readonly defaultInterOpThreads?: number | undefined;
  /** Threads of the version of any model that has the fewest; those that have more give way to it. */
  readonly fewestThreads?: number | undefined;
  /** A limit for each instance's JavaScript heap; Node's own when left out. */
  readonly heapLimitMb?: number;
  /** What each instance runs before it serves, also one that takes the place of another. */
  readonly warmUp: WarmUp;
}

/** Starts the instance of a place: in a thread, or on the event loop where the config asks for that. */
export function openerFor(
  source: InstanceSource,
  places: readonly (Place | undefined)[],
  news: InlineNews,
): OpenInstance {
  const modelAt = describePlaces(source, places);
  const open = threadOpener(source, modelAt);
  const inThread: OpenInstance = async (index, onDeath) =>
    warmedUp(await open(index, onDeath), source.warmUp);
  return runsInline(source.config) ? openInline(source, { modelAt, inThread, news }) : inThread;
}

/** What the instance of a place is opened with. */
function describePlaces(
  source: InstanceSource,
  places: readonly (Place | undefined)[],
): (index: number) => OpenMessage {
  const { config, spec, modelFile } = source;
  const named = toSessionSettings(config);
  const session = { ...named, interOpThreads: named.interOpThreads ?? source.defaultInterOpThreads };
  const threadsOf = (place: Place): number => place.intraOpThreads ?? source.defaultIntraOpThreads;
  const threadCount = places.reduce((sum, place) => sum + (place === undefined ? 0 : threadsOf(place)), 0);
  const nice = niceOf({ threadCount, fewest: source.fewestThreads ?? threadCount });
  return (index) => {
    const place = places[index];
    if (place === undefined) throw new Error(`There is no place ${index} for an instance. This is a bug.`);
    const { name, gpu } = place;
    return { name, modelFile, spec, session, intraOpThreads: threadsOf(place), nice, gpu };
  };
}

/** In a thread of its own; where weights are shared, from the form that all of them open. */
function threadOpener(
  { config, heapLimitMb }: InstanceSource,
  modelAt: (index: number) => OpenMessage,
): OpenInstance {
  if (!toSessionSettings(config).shareWeights) {
    return (index, onDeath) => ThreadInstance.open(modelAt(index), { onDeath, heapLimitMb });
  }
  const shared = new SharedWeights(async (folder) => {
    const model = { ...modelAt(0), name: config.name, intraOpThreads: 1, gpu: -1 };
    const writer = await ThreadInstance.open({ ...model, shareIn: folder }, { onDeath() {}, heapLimitMb });
    await writer.close();
  });
  return (index, onDeath) =>
    shared.open((modelFile) =>
      ThreadInstance.open({ ...modelAt(index), modelFile, shared: true }, { onDeath, heapLimitMb }).catch(
        (error: unknown) => {
          const message = `the weights of model '${config.name}' cannot be shared: ${toInferenceError(error).message}`;
          const remedy = "remove its parameter 'nereid.share_weights'";
          throw new InferenceError('unsupported', describeProblem({ message, remedy }), { cause: error });
        },
      ),
    );
}
