import type { Graph, GraphNode } from './onnx.js';
import { WeightMaker } from './weights.js';

/** Layers of the given widths, a ReLU after each but the last. */
export function mlp(widths: readonly number[], seed = 1): Graph {
  const weights = new WeightMaker(seed);
  const nodes: GraphNode[] = [];
  let last = 'INPUT0';
  const layers = widths.length - 1;
  for (let i = 0; i < layers; i++) {
    const [from = 0, to = 0] = widths.slice(i, i + 2);
    const inputs = [last, weights.make(`w${i}`, [from, to], from), weights.make(`b${i}`, [to], from)];
    const final = i === layers - 1;
    nodes.push({ op: 'Gemm', inputs, output: final ? 'OUTPUT0' : `layer${i}` });
    if (!final) nodes.push({ op: 'Relu', inputs: [`layer${i}`], output: `relu${i}` });
    last = `relu${i}`;
  }
  return {
    inputs: [{ name: 'INPUT0', type: 'FP32', shape: ['batch', widths[0] ?? 0] }],
    outputs: [{ name: 'OUTPUT0', type: 'FP32', shape: ['batch', widths.at(-1) ?? 0] }],
    nodes,
    weights: weights.made,
  };
}

export function identity(): Graph {
  const shape = ['batch', 'size'];
  return {
    inputs: [{ name: 'INPUT0', type: 'FP32', shape }],
    outputs: [{ name: 'OUTPUT0', type: 'FP32', shape }],
    nodes: [{ op: 'Identity', inputs: ['INPUT0'], output: 'OUTPUT0' }],
    weights: [],
  };
}

/** Ten scores of an image of 3x224x224, by one layer: little beside what it takes to read the image. */
export function imageScores(): Graph {
  const weights = new WeightMaker(3);
  const pixels = 3 * 224 * 224;
  return {
    inputs: [{ name: 'INPUT0', type: 'FP32', shape: ['batch', 3, 224, 224] }],
    outputs: [{ name: 'OUTPUT0', type: 'FP32', shape: ['batch', 10] }],
    nodes: [
      { op: 'Flatten', inputs: ['INPUT0'], output: 'flat' },
      {
        op: 'Gemm',
        inputs: ['flat', weights.make('w', [pixels, 10], pixels), weights.make('b', [10], pixels)],
        output: 'OUTPUT0',
      },
    ],
    weights: weights.made,
  };
}

/** Sum and difference of two vectors of 16 integers. */
export function addSub(): Graph {
  const tensor = { type: 'INT32', shape: ['batch', 16] } as const;
  const inputs = ['INPUT0', 'INPUT1'];
  return {
    inputs: inputs.map((name) => ({ name, ...tensor })),
    outputs: ['OUTPUT0', 'OUTPUT1'].map((name) => ({ name, ...tensor })),
    nodes: [
      { op: 'Add', inputs, output: 'OUTPUT0' },
      { op: 'Sub', inputs, output: 'OUTPUT1' },
    ],
    weights: [],
  };
}
