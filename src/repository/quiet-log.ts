import { Writable } from 'node:stream';
import { defaultLogSettings, Log } from '../telemetry/log.js';

/** A log for whoever tells in another way what a load would log. */
export function quietLog(): Log {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const silent = { ...defaultLogSettings, info: false, warning: false, error: false };
  return new Log(silent, { out: nowhere, err: nowhere });
}
