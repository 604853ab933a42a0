import { InferenceError } from '../../inference/error.js';

/** Whether this front end still takes work; set when the server begins to drain. */
export interface Intake {
  stopped: boolean;
}

export function stoppedIntakeError(): InferenceError {
  return new InferenceError(
    'unavailable',
    'GRPC server is shutting down and has stopped accepting new requests.',
  );
}
