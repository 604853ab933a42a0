import { InferenceError, invalidArgument } from '../../inference/error.js';
import { nestingText, syntaxError, syntaxText } from './codec/json-syntax.js';
import { accessText, missingText, type Wanted } from './codec/json-value.js';

/** A body that is no JSON from some byte on. */
export function noJson(fault: keyof typeof syntaxText, offset: number): InferenceError {
  return syntaxError(syntaxText[fault], offset);
}

export function wrongJsonKind(wanted: Wanted): InferenceError {
  return new InferenceError('internal', accessText(wanted));
}

export function noSuchMember(name: string): InferenceError {
  return new InferenceError('internal', missingText(name));
}

/** Members were asked of what has none. */
export function noMembers(): InferenceError {
  return new InferenceError('internal', 'attempt to get members for non-object');
}

export function nestedTooDeep(): InferenceError {
  return invalidArgument(nestingText);
}

/** More elements than a shape has room for. */
export function surplusElements(): InferenceError {
  return new InferenceError(
    'internal',
    "Unable to parse 'data': Shape does not match true shape of 'data' field",
  );
}

/** Fewer elements than a shape has room for. */
export function missingElements(): InferenceError {
  return new InferenceError('internal', "Failed to parse 'data' field: shape does not match true shape");
}

/** Triton would cut the number to what fits. */
export function outOfRange(number: string, datatype: string): InferenceError {
  return invalidArgument(`${number} is out of the range of ${datatype}`);
}

export function noHalfFloats(datatype: string, input: string): InferenceError {
  return invalidArgument(
    `receiving ${datatype} data via JSON is not supported. Please use the binary data format for input ${input}`,
  );
}

export function badParameter(name: string): InferenceError {
  return invalidArgument(
    `parameter '${name}' has invalid type. It should be either 'int', 'bool', or 'string'.`,
  );
}

/** What `act` throws, with the words before it that say where; the code stays. */
export function within<T>(where: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw placed(where, error);
  }
}

/** The same for what takes its time. */
export async function withinAsync<T>(where: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw placed(where, error);
  }
}

function placed(where: string, error: unknown): unknown {
  if (!(error instanceof InferenceError)) return error;
  return new InferenceError(error.code, `${where}: ${error.message}`, { cause: error });
}
