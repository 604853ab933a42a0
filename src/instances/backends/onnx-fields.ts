/** Numbers of the fields of onnx.proto3 that are read or written here, by message. */

export const model = { irVersion: 1, graph: 7, opsetImport: 8 };
export const opset = { version: 2 };
export const graph = { node: 1, name: 2, initializer: 5, input: 11, output: 12 };
export const node = { input: 1, output: 2, attribute: 5 };
export const attribute = { graph: 6, graphs: 11 };
export const tensor = { strings: 6, name: 8, externalData: 13 };
/** Of a tensor's external data. */
export const entry = { key: 1, value: 2 };
export const valueInfo = { name: 1, type: 2 };
export const tensorType = { elementType: 1, shape: 2 };
export const shape = { dim: 1 };
export const dim = { value: 1 };

/** Before this version of the format every initializer had to be an input too, and none could be overridden. */
export const overridableFromIrVersion = 4;
