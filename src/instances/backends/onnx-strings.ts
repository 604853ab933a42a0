import type { Tensor as OrtTensor } from 'onnxruntime-node';
import type { TensorSpec } from '../../config/tensor-spec.js';
import { InferenceError } from '../../inference/error.js';
import { forEachElement, joinBytes } from '../../tensors/bytes.js';
import type { InputSpan, OutputSpan } from '../messages.js';

/**
 * BYTES tensors and JavaScript strings. The Node binding of ONNX Runtime passes strings as text that a
 * NUL ends, so content that is not UTF-8 or contains NUL would arrive changed: it is refused instead.
 */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What UTF-8 decoding puts where bytes are not UTF-8. */
const replacement = '\ufffd';

export function decodeStrings(
  slot: ArrayBufferLike,
  span: InputSpan,
  { spec, strings }: { spec: Pick<TensorSpec, 'name'>; strings: StringCheck },
): string[] {
  // The decoder refuses views of shared memory.
  const shared = slot instanceof SharedArrayBuffer;
  const region = new Uint8Array(slot, span.offset, span.byteLength);
  const raw = shared ? new Uint8Array(region) : region;
  const texts: string[] = [];
  forEachElement(raw, (start, end) => {
    const text = decodeOne(raw.subarray(start, end), spec.name, texts.length);
    strings.see(text);
    texts.push(text);
  });
  return texts;
}

function decodeOne(bytes: Uint8Array, input: string, element: number): string {
  const refuse = (what: string, cause?: unknown): InferenceError =>
    new InferenceError(
      'invalid-argument',
      `element ${element} of BYTES input '${input}' ${what}; onnxruntime-node would change it on its way to the model, so it is refused`,
      { cause },
    );
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw refuse('is not valid UTF-8', error);
  }
  if (text.includes('\0')) throw refuse('contains a NUL byte');
  return text;
}

/**
 * Tells for one run whether the strings that come out can be trusted: a replacement character in an
 * output that was in no input may stand for bytes that the binding has lost.
 */
export class StringCheck {
  #replacementGiven = false;

  see(text: string): void {
    if (text.includes(replacement)) this.#replacementGiven = true;
  }

  encode(index: number, result: OrtTensor, spec: TensorSpec): OutputSpan {
    const texts = result.data as string[];
    const encoder = new TextEncoder();
    const raw = joinBytes(
      texts.map((text, element) => {
        if (!this.#replacementGiven && text.includes(replacement)) {
          throw new InferenceError(
            'internal',
            `element ${element} of BYTES output '${spec.name}' is not valid UTF-8; onnxruntime-node loses such bytes, so the output is withheld`,
          );
        }
        return encoder.encode(text);
      }),
    );
    const { buffer, byteOffset: offset, byteLength } = raw;
    return { index, datatype: 'BYTES', shape: result.dims, buffer, offset, byteLength };
  }
}
