import { InferenceError } from '../inference/error.js';
import { requestPrefix, type InferRequest } from '../inference/request.js';

/** Why a scheduler does not run a request, in Triton's words. */

export function cancelledError(): InferenceError {
  return new InferenceError('cancelled', '');
}

export function expiredError(): InferenceError {
  return new InferenceError('unavailable', 'Request timeout expired');
}

/** As above, where it is the caller's own deadline that cannot be kept. */
export function lateError(): InferenceError {
  const error = expiredError();
  error.late = true;
  return error;
}

export function fullError(request: InferRequest): InferenceError {
  return new InferenceError('unavailable', `${requestPrefix(request)}Exceeds maximum queue size`);
}

export function stoppedError(request: InferRequest): InferenceError {
  return new InferenceError(
    'unavailable',
    `${requestPrefix(request)}Server is stopping, scheduler for model has stopped accepting new inference requests`,
  );
}
