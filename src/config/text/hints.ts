import type { DescEnum } from '@bufbuild/protobuf';
import { ModelConfigSchema } from '../../generated/model_config_pb.js';
import { nearest } from '../nearest.js';

/** More names than these help nobody in one line. */
const namesShownMax = 10;

/** What was probably meant by a field that a message does not have; '' when nobody knows. */
export function hintField(name: string, owner: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  if (meant !== undefined) return `did you mean '${meant}'?`;
  if (owner.endsWith('Entry')) return `an entry has 'key' and 'value'`;
  if (ModelConfigSchema.fields.some((field) => field.name === name)) {
    return `'${name}' belongs to the config itself: is a closing bracket missing before it?`;
  }
  const others = allMessages().filter(({ fields }) => fields.some((field) => field.name === name));
  if (others.length > 0) return `it is a field of ${others.map((one) => one.name).join(', ')}`;
  return known.length > namesShownMax ? '' : `expected one of ${known.join(', ')}`;
}

/** What was probably meant by a name that an enum does not have. */
export function hintEnumValue(name: string, { values }: DescEnum): string {
  const names = values.map((value) => value.name).filter((value) => value !== 'TYPE_INVALID');
  const meant =
    names.find((value) => value.endsWith(`_${name.toUpperCase()}`)) ??
    synonyms[name.toUpperCase().replace(/^TYPE_/, '')] ??
    nearest(name, names);
  return meant !== undefined && names.includes(meant)
    ? `did you mean '${meant}'?`
    : `expected one of ${names.join(', ')}`;
}

/** Data types as other tools call them. */
const synonyms: Readonly<Record<string, string>> = {
  FLOAT: 'TYPE_FP32',
  FLOAT32: 'TYPE_FP32',
  FLOAT16: 'TYPE_FP16',
  HALF: 'TYPE_FP16',
  FLOAT64: 'TYPE_FP64',
  DOUBLE: 'TYPE_FP64',
  BFLOAT16: 'TYPE_BF16',
  INT: 'TYPE_INT32',
  LONG: 'TYPE_INT64',
  BYTES: 'TYPE_STRING',
};

/** What people write who come from other formats. */
const syntaxHints: readonly (readonly [RegExp, string])[] = [
  [/got: \/$|found "\/"/, 'a comment begins with #'],
  [/^Expected ":", found "="/, 'a value follows a colon, as in name: "x"'],
  [/^Expected ":", found "\["/, 'a colon stands before a list of values, as in dims: [ 1, 2 ]'],
  [/^Expected ":", found "["'\w-][^.]/, 'a colon stands between a field and its value, as in name: "x"'],
  [/^Expected string, got: [\w-]/, 'a string stands in quotes'],
  [/^Expected string, got: \[/, 'this field takes one value, not a list'],
  [/^Expected integer, got: ["']/, 'a number stands without quotes'],
  [/^Expected integer, got: \[/, 'this field takes one value, not a list'],
  [/^Expected integer, got: ]/, 'is there a comma too many before it?'],
  [/^Expected integer, got: [\d.]/, 'write it without a point or exponent'],
  [/^Expected integer, got: -/, 'this field takes no negative number'],
  [/^Expected identifier, got: "(?:true|false)"/i, 'write true or false, without quotes'],
  [/^Expected integer or identifier, got: \[/, 'this field takes one value, not a list'],
  [/^Expected integer or identifier, got: ["']/, 'an enum value stands without quotes'],
  [/^Expected identifier, got: }/, 'is there a closing bracket too many?'],
  [/^Expected identifier, got: [;,]/, 'one separator behind a field is enough'],
  [/^Expected identifier, got: \d/, 'fields go by name, not by number'],
  [/^Expected "{", found "]"/, 'is there a comma too many before it, or a "[" missing?'],
  [/^Expected "{", found "\["/, 'this field takes one message, not a list'],
  [
    /^Expected "{", found "["'][^.]/,
    'the value of this field is a message in brackets, as in { string_value: "x" }',
  ],
  [/^Expected ",", found "(?!"\.$)/, 'a comma stands between the elements of a list'],
  [/^Expected "[>}]", found "[>}]"/, 'a bracket closes with its own kind'],
];

/** What is probably wrong where C++ only says which token it did not want; '' when nobody knows. */
export function hintSyntax(message: string): string {
  return syntaxHints.find(([pattern]) => pattern.test(message))?.[1] ?? '';
}

type Message = (typeof ModelConfigSchema.file.messages)[number];

function allMessages(): Message[] {
  const found: Message[] = [];
  const pending = [...ModelConfigSchema.file.messages];
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    found.push(message);
    pending.push(...message.nestedMessages);
  }
  return found;
}
