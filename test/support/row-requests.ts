import type { AnyMessage } from './client.js';

type Numbers = readonly (readonly number[])[];

/** Requests to the test models whose rows answer for themselves. */

function request(model: string, inputs: readonly AnyMessage[], raw: readonly Buffer[]): AnyMessage {
  return { model_name: model, inputs, raw_input_contents: raw };
}

function int64(name: string, rows: Numbers): { input: AnyMessage; raw: Buffer } {
  const raw = Buffer.from(BigInt64Array.from(rows.flat().map(BigInt)).buffer);
  return { input: { name, datatype: 'INT64', shape: [rows.length, rows[0]?.length ?? 0] }, raw };
}

export function fp32(name: string, rows: Numbers): { input: AnyMessage; raw: Buffer } {
  const raw = Buffer.from(Float32Array.from(rows.flat()).buffer);
  return { input: { name, datatype: 'FP32', shape: [rows.length, rows[0]?.length ?? 0] }, raw };
}

/** Keeps `row_slow` busy; some 40 to 130 thousand iterations take a second. */
export function slowRequest(model: string, iterations: number, more: AnyMessage = {}): AnyMessage {
  const { input, raw } = int64('ITERATIONS', [[iterations]]);
  return { ...request(model, [input], [raw]), ...more };
}

/** As above for `slow`, which has no batch dimension. */
export function slowAloneRequest(model: string, iterations: number): AnyMessage {
  const { input, raw } = int64('ITERATIONS', [[iterations]]);
  return request(model, [{ ...input, shape: [1] }], [raw]);
}

export function lookupRequest(model: string, indices: readonly number[], more: AnyMessage = {}): AnyMessage {
  const { input, raw } = int64(
    'INDEX',
    indices.map((index) => [index]),
  );
  return { ...request(model, [input], [raw]), ...more };
}

export function pairsRequest(model: string, rows: Numbers, more: AnyMessage = {}): AnyMessage {
  const [a, b] = [fp32('A', rows), fp32('B', rows)];
  return { ...request(model, [a.input, b.input], [a.raw, b.raw]), ...more };
}

/** The numbers of an FP32 output; outputs come by name. */
export function floatsOf(response: AnyMessage, name?: string): number[] {
  const at =
    name === undefined ? 0 : response.outputs.findIndex((output: AnyMessage) => output.name === name);
  const bytes: Buffer = response.raw_output_contents[at];
  return Array.from({ length: bytes.byteLength / 4 }, (_, number) => bytes.readFloatLE(4 * number));
}
