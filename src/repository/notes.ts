import { listNotes } from '../config/notes.js';
import type { ModelConfig } from '../generated/model_config_pb.js';
import type { Log } from '../telemetry/log.js';

/** Tells, once per load, which parts of a config are accepted and do less than they say. */
export function logConfigNotes(config: ModelConfig, log: Log): void {
  const model = config.name;
  for (const { level, text } of listNotes(config)) log[level](`'${model}': ${text}`, { model });
}
