import type { InferRequest } from './request.js';
import type { InferResponse } from './response.js';

/**
 * The one plug: a model version, a cache, an ensemble, a traffic split and the server all have this
 * shape, so that a feature is wrapped around it and not hooked into it.
 */
export type Infer = (request: InferRequest) => Promise<InferResponse>;
