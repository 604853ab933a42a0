import { attribute, graph, model, node, valueInfo } from './onnx-fields.js';
import { editFields, readFields, readText } from './protobuf-fields.js';

/** What a node reads, in the graphs inside of it too, and what it makes. */
interface Node {
  readonly reads: readonly string[];
  readonly makes: readonly string[];
}

/**
 * The same model with some of its outputs only, and without the nodes that none of them needs: ONNX Runtime
 * runs every node of a graph, whoever wants what it makes. Undefined when all nodes are needed, and when the
 * model has not all of these outputs. Throws on what is not protobuf.
 */
export function pruneModel(bytes: Uint8Array, outputs: ReadonlySet<string>): Uint8Array | undefined {
  let dropped = false;
  const pruned = editFields(bytes, (number, body) => {
    if (number !== model.graph) return body;
    if (!hasAll(body, outputs)) return body;
    const needed = findNeeded(readNodes(body), outputs);
    let at = 0;
    return editFields(body, (number, body) => {
      if (number === graph.output) return outputs.has(readText(body, valueInfo.name)) ? body : undefined;
      if (number !== graph.node || needed.has(at++)) return body;
      dropped = true;
      return undefined;
    });
  });
  return dropped ? pruned : undefined;
}

function hasAll(body: Uint8Array, outputs: ReadonlySet<string>): boolean {
  const names = new Set<string>();
  for (const field of readFields(body)) {
    if (field.number === graph.output && field.body !== undefined) {
      names.add(readText(field.body, valueInfo.name));
    }
  }
  return [...outputs].every((name) => names.has(name));
}

/** Indices of the nodes that the outputs need, directly or through others. */
function findNeeded(nodes: readonly Node[], outputs: ReadonlySet<string>): ReadonlySet<number> {
  const makers = new Map(nodes.flatMap(({ makes }, at) => makes.map((name) => [name, at] as const)));
  const needed = new Set<number>();
  const wanted = [...outputs];
  for (let name = wanted.pop(); name !== undefined; name = wanted.pop()) {
    const at = makers.get(name);
    if (at === undefined || needed.has(at)) continue;
    needed.add(at);
    wanted.push(...(nodes[at]?.reads ?? []));
  }
  return needed;
}

function readNodes(body: Uint8Array): Node[] {
  const nodes: Node[] = [];
  for (const field of readFields(body)) {
    if (field.number === graph.node && field.body !== undefined) nodes.push(readNode(field.body));
  }
  return nodes;
}

function readNode(message: Uint8Array): Node {
  const reads: string[] = [];
  const makes: string[] = [];
  for (const { number, body } of readFields(message)) {
    if (body === undefined) continue;
    if (number === node.input) reads.push(Buffer.from(body).toString());
    // An output that is left out has an empty name.
    else if (number === node.output && body.byteLength > 0) makes.push(Buffer.from(body).toString());
    else if (number === node.attribute) reads.push(...readsInside(body));
  }
  return { reads, makes };
}

/** Every name that the graphs of an attribute read or answer with; some are their own, which does no harm. */
function readsInside(message: Uint8Array): string[] {
  const reads: string[] = [];
  for (const { number, body } of readFields(message)) {
    if (body === undefined || (number !== attribute.graph && number !== attribute.graphs)) continue;
    for (const inner of readFields(body)) {
      if (inner.body === undefined) continue;
      if (inner.number === graph.node) reads.push(...readNode(inner.body).reads);
      if (inner.number === graph.output) reads.push(readText(inner.body, valueInfo.name));
    }
  }
  return reads;
}
