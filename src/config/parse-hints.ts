import { ModelConfigSchema } from '../generated/model_config_pb.js';
import { nearest } from './nearest.js';

/** ` (did you mean 'x'?)` or another word on what was probably meant; '' when there is none. */
export function hint(message: string): string {
  const text = fieldHint(message) ?? enumHint(message) ?? syntaxHint(message);
  return text === undefined ? '' : ` (${text})`;
}

function fieldHint(message: string): string | undefined {
  if (/unknown field "[^"]+" in map entry/.test(message)) return `an entry has 'key' and 'value'`;
  const [, name, owner] = /unknown field "([^"]+)" for message (\S+)/.exec(message) ?? [];
  if (name === undefined) return undefined;
  const messages = allMessages();
  const own = messages.find(({ typeName }) => typeName === owner)?.fields ?? [];
  const meant = nearest(
    name,
    own.map((field) => field.name),
  );
  if (meant !== undefined) return `did you mean '${meant}'?`;
  if (ModelConfigSchema.fields.some((field) => field.name === name)) {
    return `'${name}' belongs to the config itself: is a closing bracket missing before it?`;
  }
  const others = messages.filter(({ fields }) => fields.some((field) => field.name === name));
  return others.length === 0 ? undefined : `it is a field of ${others.map((one) => one.name).join(', ')}`;
}

function enumHint(message: string): string | undefined {
  const [, name, owner] = /unknown enum value "([^"]+)" for enum (\S+)/.exec(message) ?? [];
  if (name === undefined) return undefined;
  const values = allEnums().find(({ typeName }) => typeName === owner)?.values ?? [];
  const names = values.map((value) => value.name).filter((value) => value !== 'TYPE_INVALID');
  const meant = names.find((value) => value.endsWith(`_${name.toUpperCase()}`)) ?? nearest(name, names);
  return meant === undefined ? `expected one of ${names.join(', ')}` : `did you mean '${meant}'?`;
}

/** What people write who come from other formats. */
const syntaxHints: readonly (readonly [RegExp, string])[] = [
  [/^unexpected "\/"/, 'a comment begins with #'],
  [/^unexpected "="/, 'a value follows a colon, as in name: "x"'],
  [/U\+000A in string/, 'is the closing quote of the line missing?'],
  [/expected a string, got "[\w-]/, 'a string stands in quotes'],
  [/expected a bool, got/, 'write true or false, in small letters and without quotes'],
  [/expected an enum value .* got a string/, 'an enum value stands without quotes'],
  [/expected an integer, got "]"/, 'is there a comma too many before it?'],
  [/expected "{" or "<", got "]"/, 'is there a comma too many before it, or a "[" missing?'],
];

function syntaxHint(message: string): string | undefined {
  return syntaxHints.find(([pattern]) => pattern.test(message))?.[1];
}

type Message = (typeof ModelConfigSchema.file.messages)[number];
type Enum = (typeof ModelConfigSchema.file.enums)[number];

function allMessages(): Message[] {
  const found: Message[] = [];
  const pending = [...ModelConfigSchema.file.messages];
  for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
    found.push(message);
    pending.push(...message.nestedMessages);
  }
  return found;
}

function allEnums(): Enum[] {
  return [...ModelConfigSchema.file.enums, ...allMessages().flatMap((message) => message.nestedEnums)];
}
