/** In words, or made from what the text matched. */
type Remedy = string | ((match: RegExpExecArray) => string);

/**
 * What mends a load that failed with one of Triton's texts, which clients may know and which say no remedy
 * themselves. The first that fits counts.
 */
const remedies: readonly (readonly [text: RegExp, remedy: Remedy])[] = [
  [
    /configuration expects \d+ inputs, model provides \d+$/,
    "list in config.pbtxt exactly the model's inputs, or remove all of input [ … ] and output [ … ], which are then read from the model",
  ],
  [
    /^unexpected inference (input|output) '.*', allowed \1s are: /,
    'write one of the names that the model has, or remove all of input [ … ] and output [ … ], which are then read from the model',
  ],
  [
    /configuration expects datatype .* model provides (TYPE_\w+)$/,
    ([, type = '']) => `write data_type: ${type}`,
  ],
  [
    /the model expects \d+ dimensions \(shape (\[.*?\])\).*an initial batch dimension/,
    ([, shape = '']) =>
      `write ${asDims(shape, true)}, which is the model's shape without its first dimension, the batch; or max_batch_size: 0 and whole shapes everywhere`,
  ],
  [
    /the model expects \d+ dimensions \(shape (\[.*?\])\)/,
    ([, shape = '']) => `write ${asDims(shape, false)}, which is the model's shape`,
  ],
  [
    /for the model to support batching the shape should have at least 1 dimension/,
    'write max_batch_size: 0 with the whole shape as dims, or export the model with a dynamic first dimension on every input and output',
  ],
  [/scalar tensor '.*', should only provide 1 in the model configuration/s, 'write dims: [ 1 ]'],
  [
    /optional input '.*' is not supported for models that support batching/,
    'remove optional: true, or write max_batch_size: 0 with the whole shapes as dims',
  ],
  [
    /which is not supported for optional input$/,
    'remove optional: true or allow_ragged_batch: true from this input',
  ],
  [
    /for ragged input '/,
    'remove allow_ragged_batch: true, or export the model with this input in one dimension of any size',
  ],
  [/for batch input '/, 'export the model with that shape for the target of batch_input, or remove it there'],
  [
    /^Unsupported ONNX Type '/,
    'list in config.pbtxt the inputs, and those outputs that are tensors; or export the model with tensors as its inputs and outputs (for scikit-learn: zipmap=False)',
  ],
  [/which onnxruntime-node cannot carry$/, 'export the model with another element type there, such as FLOAT'],
  [
    /Protobuf parsing failed/,
    'put the right file there; a small one may be a pointer of Git LFS: git lfs pull fetches the model',
  ],
  [
    /External data|external data|model_path must not be empty|cannot get file size/i,
    'copy the files with the weights beside the model, under the names that it was exported with',
  ],
  [
    /is not a registered function\/op|No Op registered for/,
    'export the model with operators of the ONNX standard, or of an older opset: libraries of custom operators are not loaded here, and a newer ONNX Runtime may know operators that this one does not',
  ],
  [
    /Unsupported model IR version|opset \d+ is under development|ONNX Runtime only \*guarantees\*/i,
    'export the model for an older version of ONNX (ir_version, opset_version)',
  ],
  [
    /^Mismatched MD5 hash for file /,
    'copy the file again, or correct the digest in model_repository_agents (md5sum prints it)',
  ],
  [
    /is outside model directory$/,
    "put the file into the model's folder and name it relative to that in label_filename",
  ],
  [/warmup setting expects \d+ bytes/, 'correct the dims of the warmup input, or write the file anew'],
  [
    /^failed to run warmup sample '.*': .*batch size \d+ for '.*', max allowed is/s,
    'lower batch_size of the sample to max_batch_size',
  ],
  [
    /^failed to run warmup sample '/,
    'correct the sample in model_warmup so that the model can run it, or remove it',
  ],
  [
    /^onnx runtime error \d+: /,
    'the model cannot be opened by this ONNX Runtime: check it with onnx.checker.check_model, and export it again',
  ],
];

/** '' where nothing better than the text itself is known. */
export function remedyFor(text: string): string {
  for (const [pattern, remedy] of remedies) {
    const match = pattern.exec(text);
    if (match !== null) return typeof remedy === 'string' ? remedy : remedy(match);
  }
  return '';
}

/** `[-1,4]` as it is written in a config, all of it or without the batch dimension. */
function asDims(shape: string, batched: boolean): string {
  const dims = shape
    .slice(1, -1)
    .split(',')
    .slice(batched ? 1 : 0);
  return dims.length === 0 ? 'dims: [ 1 ] with reshape { shape: [ ] }' : `dims: [ ${dims.join(', ')} ]`;
}
