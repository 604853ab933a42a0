import { InferenceError, invalidArgument } from '../../inference/error.js';

/** What is wrong with a body that is no JSON, in the words of Triton's parser. */
export const syntaxFaults = {
  empty: 'The document is empty.',
  surplus: 'The document root must not be followed by other values.',
  value: 'Invalid value.',
  memberName: 'Missing a name for object member.',
  memberColon: 'Missing a colon after a name of object member.',
  memberEnd: 'Missing a comma or } after an object member.',
  elementEnd: 'Missing a comma or ] after an array element.',
  unicodeEscape: 'Incorrect hex digit after \\u escape in string.',
  surrogate: 'The surrogate pair in string is invalid.',
  escape: 'Invalid escape character in string.',
  quote: 'Missing a closing quotation mark in string.',
  encoding: 'Invalid encoding in string.',
  tooBig: 'Number too big to be stored in double.',
  fraction: 'Miss fraction part in number.',
  exponent: 'Miss exponent in number.',
} as const;

export type SyntaxFault = keyof typeof syntaxFaults;

/** A body that is no JSON from some byte on. Triton calls it an internal error, as all that its JSON reader finds. */
export function noJson(fault: SyntaxFault, offset: number): InferenceError {
  return new InferenceError(
    'internal',
    `failed to parse the request JSON buffer: ${syntaxFaults[fault]} at ${offset}`,
  );
}

/** Kinds of values, and the words by which Triton names that one was expected. */
const expectations = {
  string: 'non-string as string',
  boolean: 'non-boolean as boolean',
  int: 'non-signed-integer as signed-integer',
  uint: 'non-unsigned-integer as unsigned-integer',
  double: 'non-number as double',
  array: 'non-array as array',
  object: 'non-object as object',
} as const;

export function wrongJsonKind(expected: keyof typeof expectations): InferenceError {
  return new InferenceError('internal', `attempt to access JSON ${expectations[expected]}`);
}

export function noSuchMember(name: string): InferenceError {
  return new InferenceError('internal', `attempt to access non-existing object member '${name}'`);
}

/** Members were asked of what has none. */
export function noMembers(): InferenceError {
  return new InferenceError('internal', 'attempt to get members for non-object');
}

export const nestingMax = 100;

export function nestedTooDeep(): InferenceError {
  return invalidArgument(`JSON nesting depth exceeds maximum allowed limit (${nestingMax})`);
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

/** Triton's text ends before it names the output. */
export function noHalfFloatsOut(datatype: string): InferenceError {
  return invalidArgument(
    `sending ${datatype} data via JSON is not supported. Please use the binary data format for output`,
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
