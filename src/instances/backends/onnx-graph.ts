import { graph, model, opset, overridableFromIrVersion, tensor, valueInfo } from './onnx-fields.js';
import { editFields, readFields, readText, writeField, writeNumber } from './protobuf-fields.js';

/** Values of a model that a caller may replace: initializers that are listed as inputs, by name. */
export type Overridable = ReadonlyMap<string, Uint8Array>;

/** Reads those of an encoded model. Throws on what is not protobuf. */
export function readOverridable(bytes: Uint8Array): Overridable {
  const inputs = new Set<string>();
  const initializers = new Map<string, Uint8Array>();
  let irVersion = 0;
  for (const field of readFields(bytes)) {
    if (field.number === model.irVersion) irVersion = field.value ?? 0;
    if (field.number !== model.graph || field.body === undefined) continue;
    for (const { number, body } of readFields(field.body)) {
      if (body === undefined) continue;
      if (number === graph.input) inputs.add(readText(body, valueInfo.name));
      if (number === graph.initializer) initializers.set(readText(body, tensor.name), body);
    }
  }
  if (irVersion < overridableFromIrVersion) return new Map();
  return new Map([...initializers].filter(([name]) => inputs.has(name)));
}

/** The same model without some initializers, so that it requires the inputs of their names. */
export function withoutInitializers(bytes: Uint8Array, names: ReadonlySet<string>): Uint8Array {
  return editFields(bytes, (number, body) =>
    number === model.graph
      ? editFields(body, (number, body) =>
          number === graph.initializer && names.has(readText(body, tensor.name)) ? undefined : body,
        )
      : body,
  );
}

/** A model that does nothing but answer with its initializers: ONNX Runtime itself reads what they hold. */
export function answeringWith(initializers: Overridable): Uint8Array {
  const parts = [writeField(graph.name, Buffer.from('defaults'))];
  for (const [name, body] of initializers) {
    parts.push(writeField(graph.initializer, body));
    parts.push(writeField(graph.output, writeField(valueInfo.name, Buffer.from(name))));
  }
  return Buffer.concat([
    writeNumber(model.irVersion, 8),
    writeField(model.opsetImport, writeNumber(opset.version, 13)),
    writeField(model.graph, Buffer.concat(parts)),
  ]);
}

/** The strings of an initializer as they are stored. */
export function readStrings(initializer: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (const { number, body } of readFields(initializer)) {
    if (number === tensor.strings && body !== undefined) strings.push(body);
  }
  return strings;
}
