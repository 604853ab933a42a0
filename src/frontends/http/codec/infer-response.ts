import type { Tensor } from '../../../tensors/tensor.js';
import { JsonText, writeTensor } from './json-writer.js';

/** An answer as its JSON tells it. */
export interface ResponseForm {
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
export function responseJson({ id, modelName, modelVersion, outputs }: ResponseForm): readonly Uint8Array[] {
  const text = new JsonText();
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
  return text.pieces();
}
