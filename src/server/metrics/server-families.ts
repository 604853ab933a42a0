import type { Family } from '../../telemetry/metrics.js';
import type { VersionState } from '../../models/model.js';

/** What a server holds, at a moment. */
export interface ServerLoad {
  readonly pendingBytes: number;
  readonly pendingBytesMax: number;
  /** Every version that is known; a name may come more than once where repositories are namespaces. */
  readonly versions: readonly {
    readonly model: string;
    readonly version: number;
    readonly state: VersionState['kind'];
  }[];
}

const states: readonly VersionState['kind'][] = ['loading', 'ready', 'unloading', 'unavailable'];

/** Our own families of the server as a whole. */
export function serverFamilies({ pendingBytes, pendingBytesMax, versions }: ServerLoad): Family[] {
  const gauge = (name: string, help: string, value: number): Family => ({
    name,
    help,
    type: 'gauge',
    samples: [{ labels: {}, value }],
  });
  const ready = new Map<string, boolean>();
  for (const { model, version, state } of versions) {
    const key = JSON.stringify({ model, version: String(version) });
    ready.set(key, (ready.get(key) ?? true) && state === 'ready');
  }
  return [
    gauge('nereid_pending_request_bytes', 'Bytes of requests that are held', pendingBytes),
    gauge('nereid_pending_request_bytes_limit', 'Bytes of requests that may be held', pendingBytesMax),
    {
      name: 'nereid_model_versions',
      help: 'Model versions by state',
      type: 'gauge',
      samples: states.map((state) => ({
        labels: { state },
        value: versions.filter((one) => one.state === state).length,
      })),
    },
    {
      name: 'nereid_model_version_ready',
      help: 'Whether a model version that is known serves',
      type: 'gauge',
      samples: [...ready].map(([key, value]) => ({
        labels: JSON.parse(key) as Record<string, string>,
        value: Number(value),
      })),
    },
  ];
}
