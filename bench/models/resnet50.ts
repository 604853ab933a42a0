import type { Graph, GraphNode } from './onnx.js';
import { WeightMaker } from './weights.js';

interface Convolution {
  readonly input: string;
  readonly from: number;
  readonly to: number;
  readonly kernel: number;
  readonly stride?: number;
}

/** Blocks and inner width of the four stages; a block's output is four times as wide as its inside. */
const stages = [
  { blocks: 3, width: 64 },
  { blocks: 4, width: 128 },
  { blocks: 6, width: 256 },
  { blocks: 3, width: 512 },
] as const;
const expansion = 4;

/** ResNet-50 (v1.5: the stride in the 3x3) as it is deployed, batch norms folded into the convolutions. */
class Builder {
  readonly weights = new WeightMaker(50);
  readonly nodes: GraphNode[] = [];

  node(op: string, inputs: readonly string[], ints: GraphNode['ints'] = {}): string {
    const output = `${op}${this.nodes.length}`;
    this.nodes.push({ op, inputs, output, ints });
    return output;
  }

  convolve({ input, from, to, kernel, stride = 1 }: Convolution): string {
    const [id, fanIn, pad] = [this.nodes.length, from * kernel * kernel, (kernel - 1) / 2];
    const weight = this.weights.make(`w${id}`, [to, from, kernel, kernel], fanIn);
    const bias = this.weights.make(`b${id}`, [to], fanIn);
    return this.node('Conv', [input, weight, bias], {
      kernel_shape: [kernel, kernel],
      strides: [stride, stride],
      pads: [pad, pad, pad, pad],
    });
  }

  relu(input: string): string {
    return this.node('Relu', [input]);
  }

  bottleneck(
    input: string,
    { from, width, stride }: { from: number; width: number; stride: number },
  ): string {
    const to = width * expansion;
    const narrow = this.relu(this.convolve({ input, from, to: width, kernel: 1 }));
    const inner = this.relu(this.convolve({ input: narrow, from: width, to: width, kernel: 3, stride }));
    const wide = this.convolve({ input: inner, from: width, to, kernel: 1 });
    const shortcut = from === to ? input : this.convolve({ input, from, to, kernel: 1, stride });
    return this.relu(this.node('Add', [wide, shortcut]));
  }
}

export function resnet50(): Graph {
  const builder = new Builder();
  const stem = builder.relu(builder.convolve({ input: 'INPUT0', from: 3, to: 64, kernel: 7, stride: 2 }));
  let last = builder.node('MaxPool', [stem], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] });
  let from = 64;
  for (const [stage, { blocks, width }] of stages.entries()) {
    for (let block = 0; block < blocks; block++) {
      last = builder.bottleneck(last, { from, width, stride: block === 0 && stage > 0 ? 2 : 1 });
      from = width * expansion;
    }
  }
  const pooled = builder.node('Flatten', [builder.node('GlobalAveragePool', [last])]);
  const head = [
    builder.weights.make('wHead', [from, 1000], from),
    builder.weights.make('bHead', [1000], from),
  ];
  builder.nodes.push({ op: 'Gemm', inputs: [pooled, ...head], output: 'OUTPUT0' });
  return {
    inputs: [{ name: 'INPUT0', type: 'FP32', shape: ['batch', 3, 224, 224] }],
    outputs: [{ name: 'OUTPUT0', type: 'FP32', shape: ['batch', 1000] }],
    nodes: builder.nodes,
    weights: builder.weights.made,
  };
}
