import { setImmediate } from 'node:timers/promises';
import {
  expectOk,
  inferenceMethod,
  TestClient,
  type AnyMessage,
  type CallSetup,
  type OpenCall,
} from './client.js';
import { eventually } from './eventually.js';
import { writeModels, type ServedModel } from './served-models.js';
import { startServer, withFolder, type TestServer } from './server.js';

/** Says of a model that its delay is meant to the letter. */
export const exactDelay = 'parameters { key: "nereid.batch_delay" value: { string_value: "exact" } }';

/** How one model was counted. */
export interface Counted {
  readonly success: number;
  readonly fail: number;
  readonly queueUs: number;
  readonly inferences: number;
  readonly executions: number;
  /** Executions by batch size. */
  readonly batches: Readonly<Record<number, number>>;
}

/** A server over models of a test's own, and a client of it. */
export class BatchingRig {
  readonly server: TestServer;
  readonly client: TestClient;
  /** Slots that need not come back: that of an answer whose call was given up just then is collected with it. */
  lostSlotsMax = 0;
  /** Requests that models were asked, whatever became of them. */
  #arrivedCount = 0;

  constructor(server: TestServer) {
    this.server = server;
    this.client = new TestClient(server.port);
    const infer = server.server.infer.bind(server.server);
    server.server.infer = (model, request) => {
      const answer = infer(model, request);
      this.#arrivedCount++;
      return answer;
    };
  }

  /** Requests of a model that wait or run. */
  inFlight(model: string): number {
    return this.server.server.inFlight().find((one) => one.model === model)?.count ?? 0;
  }

  async counted(model: string): Promise<Counted> {
    const asked = await this.client.call(inferenceMethod('ModelStatistics'), { name: model, version: '' });
    return toCounted(expectOk(asked).model_stats[0]);
  }

  /** Opens a call, and resolves when its request has come to its model. One call at a time. */
  async send(request: AnyMessage, setup?: CallSetup): Promise<OpenCall> {
    const before = this.#arrivedCount;
    const method = inferenceMethod('ModelInfer');
    const call = this.client.open(method, method.requestSerialize(request), setup);
    await eventually(() => this.#arrivedCount > before, 'a request arrived');
    return call;
  }

  /** As `send`, and the model's idle instance has taken it: an instance asks at the end of a loop turn. */
  async occupy(request: AnyMessage): Promise<OpenCall> {
    const call = await this.send(request);
    for (let turn = 0; turn < 3; turn++) await setImmediate();
    return call;
  }
}

export interface RigSetup {
  readonly models: readonly ServedModel[];
  /** How many requests of a model must wait before the first is run. */
  readonly heldBack?: number;
}

export async function withBatching(
  { models, heldBack = 0 }: RigSetup,
  use: (rig: BatchingRig) => Promise<void>,
): Promise<void> {
  await withFolder(async (folder) => {
    await writeModels(folder, models);
    const server = await startServer({
      repository: folder,
      repositoryOptions: { batching: { heldBack } },
    });
    const rig = new BatchingRig(server);
    try {
      if (!server.complete) throw new Error(`not all models loaded:\n${server.lines.join('\n')}`);
      await use(rig);
      await eventually(() => server.lentSlots <= rig.lostSlotsMax, 'slots came back');
    } finally {
      rig.client.close();
      await server.close();
    }
  });
}

function toCounted(told: AnyMessage): Counted {
  const { success, fail, queue } = told.inference_stats;
  const batches = told.batch_stats.map((batch: AnyMessage) => [
    Number(batch.batch_size),
    Number(batch.compute_infer.count),
  ]);
  return {
    success: Number(success.count),
    fail: Number(fail.count),
    queueUs: Number(queue.ns) / 1000,
    inferences: Number(told.inference_count),
    executions: Number(told.execution_count),
    batches: Object.fromEntries(batches),
  };
}
