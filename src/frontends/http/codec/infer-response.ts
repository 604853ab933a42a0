import { elementCount } from '../../../tensors/shape.js';
import type { Tensor } from '../../../tensors/tensor.js';
import { JsonText, writeElements, writeTensor } from './json-writer.js';

/** An answer as its JSON tells it. */
export interface ResponseForm {
  /** 'object': as `generate` answers, all on one level; every output is JSON then. */
  readonly layout: 'infer' | 'object';
  readonly id: string;
  readonly modelName: string;
  readonly modelVersion: number;
  readonly outputs: readonly OutputForm[];
}

/** 'binary': its bytes follow behind the JSON, which says only how many. */
export interface OutputForm extends Tensor {
  readonly as: 'json' | 'binary' | 'nothing';
  /** Of what follows behind the JSON. */
  readonly binaryBytes: number;
}

/** The JSON of an answer, in Triton's order of keys. Throws InferenceError where an output has no form in JSON. */
export function responseJson(response: ResponseForm): readonly Uint8Array[] {
  const text = new JsonText();
  if (response.layout === 'object') writeObject(response, text);
  else writeInfer(response, text);
  return text.pieces();
}

/**
 * All keys on one level, in the order of their bytes; a tensor of one element is that element. A name that the answer
 * itself uses is no output's.
 */
function writeObject({ id, modelName, modelVersion, outputs }: ResponseForm, text: JsonText): void {
  const values = new Map<string, string | OutputForm>();
  if (id !== '') values.set('id', id);
  values.set('model_name', modelName);
  values.set('model_version', String(modelVersion));
  for (const output of outputs) if (!values.has(output.name)) values.set(output.name, output);
  const sorted = [...values].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  let separator = '{';
  for (const [name, value] of sorted) {
    text.add(`${separator}${JSON.stringify(name)}:`);
    separator = ',';
    if (typeof value === 'string') text.add(JSON.stringify(value));
    else if (elementCount(value.shape) === 1) writeElements(value, text);
    else writeTensor(value, text);
  }
  text.add('}');
}

function writeInfer({ id, modelName, modelVersion, outputs }: ResponseForm, text: JsonText): void {
  text.add(id === '' ? '{' : `{"id":${JSON.stringify(id)},`);
  text.add(`"model_name":${JSON.stringify(modelName)},"model_version":"${modelVersion}","outputs":[`);
  let separator = '';
  for (const output of outputs) {
    const { name, datatype, shape } = output;
    text.add(
      `${separator}{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]`,
    );
    separator = ',';
    if (output.as === 'json') {
      text.add(',"data":');
      writeTensor(output, text);
    } else if (output.as === 'binary') {
      text.add(`,"parameters":{"binary_data_size":${output.binaryBytes}}`);
    }
    text.add('}');
  }
  text.add(']}');
}
