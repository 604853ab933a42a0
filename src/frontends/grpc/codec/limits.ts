import { InferenceError } from '../../../inference/error.js';

// Each of these becomes an object of its own, however few bytes it came in: without a bound a message of
// some MB would take GB of memory before anybody could refuse it. All are far above what models have.

/** Inputs of a request: models with more than some thousands are not seen. */
export const inputsMax = 16_384;

/** Requested outputs of a request: as many as inputs, for the same reason. */
export const outputsMax = 16_384;

/** Raw contents of a request: one for each input. */
export const rawContentsMax = 16_384;

/** Parameters of a request, of its inputs and of its outputs together, those that come again included. */
export const parametersMax = 65_536;

/** Dimensions of one input; libraries of tensors stop at 64 or earlier. */
export const shapeDimsMax = 1024;

/** Dimensions of all inputs of a request together: 64 for each of as many inputs as may come. */
export const dimsMax = 1_048_576;

/** What has come of a request where its own lists do not tell. */
export class Tally {
  #parameters = 0;
  #dims = 0;

  addParameter(): void {
    if (++this.#parameters > parametersMax) throw tooMany('parameters in one request', parametersMax);
  }

  /** `before` is how many dimensions the shape has already. */
  addDim(before: number): void {
    if (before >= shapeDimsMax) throw tooMany('dimensions in one shape', shapeDimsMax);
    if (++this.#dims > dimsMax) throw tooMany('dimensions in one request', dimsMax);
  }
}

/** The refusal of a request that has more than `most` of `what`; Triton has no bound and no text for it. */
export function tooMany(what: string, most: number): InferenceError {
  return new InferenceError('invalid-argument', `too many ${what}: at most ${most} are accepted`);
}
