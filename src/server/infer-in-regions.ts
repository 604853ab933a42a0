import { InferenceError, toInferenceError } from '../inference/error.js';
import type { Infer } from '../inference/infer.js';
import { readRegion, writeRegion } from '../inference/region-io.js';
import type { RegionUse } from '../inference/region-use.js';
import type { InferRequest } from '../inference/request.js';
import type { InferResponse } from '../inference/response.js';
import { RegionBytes, type RegionPlace } from '../tensors/region-bytes.js';
import type { Tensor } from '../tensors/tensor.js';

/**
 * Has a request of shared memory inferred. Texts are read first, for their form is checked before they run, and what
 * was checked must not change; other inputs are read where they are used. Outputs that go into shared memory are there
 * when the answer is, which has them without bytes. The regions are the caller's to release.
 */
export async function inferInRegions(
  infer: Infer,
  request: InferRequest,
  { outputs: places }: RegionUse,
): Promise<InferResponse> {
  for (const [index, input] of request.inputs.entries()) {
    const { datatype, data } = input;
    if (datatype !== 'BYTES' || !(data instanceof RegionBytes)) continue;
    // One after another: what is read lies in memory until the request has run.
    // oxlint-disable-next-line no-await-in-loop
    request.replaceInput(index, { ...input, data: await readRegion(data.place) });
  }
  const response = await infer(request);
  if (places.size === 0) return response;
  try {
    await deliver(response.outputs, places);
  } catch (error) {
    response.release();
    const failure = toInferenceError(error);
    failure.executed = true;
    throw failure;
  }
  return withoutBytes(response, places);
}

/** Writes nothing at all when one of them does not fit. */
async function deliver(outputs: readonly Tensor[], places: ReadonlyMap<string, RegionPlace>): Promise<void> {
  for (const { name, data } of outputs) {
    const place = places.get(name);
    if (place !== undefined && data.byteLength > place.byteLength)
      throw tooLarge(name, place, data.byteLength);
  }
  for (const { name, data } of outputs) {
    const place = places.get(name);
    // oxlint-disable-next-line no-await-in-loop
    if (place !== undefined) await writeRegion(place, data);
  }
}

function tooLarge(output: string, { byteLength }: RegionPlace, neededBytes: number): InferenceError {
  return new InferenceError(
    'internal',
    `shared memory size specified with the request for output '${output}' (${byteLength} bytes) should be at least ${neededBytes} bytes to hold the results`,
  );
}

const noBytes = new Uint8Array(0);

function withoutBytes(response: InferResponse, places: ReadonlyMap<string, RegionPlace>): InferResponse {
  const { source, modelName, modelVersion } = response;
  const outputs = response.outputs.map((tensor) =>
    places.has(tensor.name) ? { ...tensor, data: noBytes } : tensor,
  );
  return { source, modelName, modelVersion, outputs, release: () => response.release() };
}
