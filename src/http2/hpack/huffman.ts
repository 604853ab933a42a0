// The Huffman code of string literals (RFC 7541 5.2, Appendix B), decoded four bits at a time.

/** Bits of each octet's code and, last, of EOS. The code is canonical: the lengths tell the codes. */
// prettier-ignore
const codeBits = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5,
  5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6,
  6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22,
  23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22,
  21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20,
  22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19,
  21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22,
  22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30
];

const eos = 256;

// A transition is the next state in its low 8 bits (a state is an inner node of the code's tree, of which
// there are 256), the octet that it completes above them, and these flags.
const emits = 1 << 16;
const fails = 1 << 17;
/** The string may end here: what is left are at most 7 bits, all of them ones. */
const mayEnd = 1 << 18;

/** Two children for each inner node: another inner node, or -1 - octet. */
function buildTree(): Int16Array {
  const tree = new Int16Array(512);
  const ordered = codeBits
    .map((bits, octet) => ({ bits, octet }))
    .sort((a, b) => a.bits - b.bits || a.octet - b.octet);
  let nodeCount = 1;
  let code = 0;
  let codeLength = 0;
  for (const { bits, octet } of ordered) {
    code <<= bits - codeLength;
    codeLength = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const child = node * 2 + ((code >>> bit) & 1);
      if (tree[child] === 0) tree[child] = nodeCount++;
      node = tree[child] as number;
    }
    tree[node * 2 + (code & 1)] = -1 - octet;
    code++;
  }
  return tree;
}

function walk(tree: Int16Array, from: number, nibble: number): number {
  let node = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    node = tree[node * 2 + ((nibble >>> bit) & 1)] as number;
    if (node === -1 - eos) return fails;
    if (node >= 0) continue;
    emitted = emits | ((-1 - node) << 8);
    node = 0;
  }
  return node | emitted;
}

function buildTransitions(): Int32Array {
  const tree = buildTree();
  const ends = new Set([0]);
  for (let ones = 1, node = 0; ones <= 7; ones++) {
    node = tree[node * 2 + 1] as number;
    ends.add(node);
  }
  return Int32Array.from({ length: 256 * 16 }, (_, at) => {
    const transition = walk(tree, at >>> 4, at & 15);
    return ends.has(transition & 0xff) ? transition | mayEnd : transition;
  });
}

const transitions = buildTransitions();

/** The most octets that so many bytes of Huffman code stand for. */
export function huffmanOctetsMax(codedBytes: number): number {
  return Math.floor((codedBytes * 8) / 5);
}

/**
 * Decodes bytes[start, end) into target, as far as that has room. The result is the number of octets in the
 * whole string, -1 where EOS is in it or its padding is not up to 7 ones.
 */
export function decodeHuffman(bytes: Buffer, start: number, end: number, target: Buffer): number {
  const room = target.length;
  let count = 0;
  let transition = mayEnd;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    const first = transitions[((transition & 0xff) << 4) | (byte >>> 4)] as number;
    if ((first & emits) !== 0) {
      if (count < room) target[count] = first >>> 8;
      count++;
    }
    transition = transitions[((first & 0xff) << 4) | (byte & 15)] as number;
    if ((transition & emits) !== 0) {
      if (count < room) target[count] = transition >>> 8;
      count++;
    }
    if (((first | transition) & fails) !== 0) return -1;
  }
  return (transition & mayEnd) === 0 ? -1 : count;
}
