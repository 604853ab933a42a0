import { ScalarType, type DescEnum, type DescField } from '@bufbuild/protobuf';
import { reflect, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { ModelConfigSchema, type ModelConfig } from '../generated/model_config_pb.js';
import { isGiven, shortestFloat } from './field-values.js';

/** Longer lists of numbers go over several lines. */
const listWidth = 90;

/** A config as the text of a config.pbtxt that means the same when it is read again. */
export function printModelConfigText(config: ModelConfig): string {
  return printFields(reflect(ModelConfigSchema, config, false))
    .map((line) => `${line}\n`)
    .join('');
}

/** A config as text that can be read again, on one line. */
export function printModelConfig(config: ModelConfig): string {
  return printFields(reflect(ModelConfigSchema, config, false))
    .map((line) => line.trim())
    .join(' ');
}

function printFields(message: ReflectMessage): string[] {
  return message.fields
    .filter((field) => isGiven(message, field))
    .flatMap((field) => printField(message, field));
}

function printField(message: ReflectMessage, field: DescField): string[] {
  switch (field.fieldKind) {
    case 'list':
      return printList([...message.get(field)], field);
    case 'map':
      return printMap(message, field);
    case 'message':
      return printMessage(field.name, message.get(field));
    default:
      return [`${field.name}: ${printPlain(message.get(field), field)}`];
  }
}

type Plain =
  | { readonly scalar: ScalarType; readonly enum?: undefined }
  | { readonly scalar?: undefined; readonly enum: DescEnum };

function printPlain(value: unknown, type: Plain): string {
  if (type.enum !== undefined) return type.enum.value[value as number]?.name ?? String(value);
  if (typeof value === 'string') return quote(value);
  if (typeof value !== 'number') return String(value);
  const text =
    type.scalar === ScalarType.FLOAT ? shortestFloat(value) : Object.is(value, -0) ? '-0' : String(value);
  return text.replace('Infinity', 'inf').replace('NaN', 'nan');
}

function printMessage(name: string, message: ReflectMessage): string[] {
  return bracket(`${name} {`, printFields(message), '}');
}

function bracket(open: string, lines: readonly string[], close: string): string[] {
  return lines.length === 0 ? [`${open} ${close}`] : [open, ...lines.map((line) => `  ${line}`), close];
}

function printList(values: readonly unknown[], field: DescField & { fieldKind: 'list' }): string[] {
  if (field.listKind === 'message') {
    const messages = values as ReflectMessage[];
    const blocks = messages.map((message) => bracket('{', printFields(message), '}'));
    return [`${field.name} [`, ...joinBlocks(blocks).map((line) => `  ${line}`), ']'];
  }
  const texts = values.map((value) => printPlain(value, field));
  const line = `${field.name}: [ ${texts.join(', ')} ]`;
  if (line.length <= listWidth) return [line];
  return bracket(`${field.name}: [`, joinBlocks(texts.map((text) => [text])), ']');
}

/** A comma behind the last line of each block but the last. */
function joinBlocks(blocks: readonly (readonly string[])[]): string[] {
  return blocks.flatMap((lines, at) =>
    at === blocks.length - 1 ? lines : [...lines.slice(0, -1), `${lines.at(-1) ?? ''},`],
  );
}

function printMap(message: ReflectMessage, field: DescField & { fieldKind: 'map' }): string[] {
  return [...message.get(field)].flatMap(([key, value]) => {
    const keyLine = `key: ${typeof key === 'string' ? quote(key) : String(key)}`;
    const held =
      field.mapKind === 'message'
        ? printMessage('value', value as ReflectMessage)
        : [`value: ${printPlain(value, field)}`];
    return bracket(`${field.name} {`, [keyLine, ...held], '}');
  });
}

const escapes: Readonly<Record<string, string>> = {
  '\n': String.raw`\n`,
  '\r': String.raw`\r`,
  '\t': String.raw`\t`,
  '"': String.raw`\"`,
  '\\': '\\\\',
};

/** Text in quotes; what a line or a terminal could not show is escaped, all other characters stay. */
function quote(text: string): string {
  const shown = text.replaceAll(
    /[\n\r\t"\\]|\p{Cc}/gu,
    (char) =>
      escapes[char] ??
      [...Buffer.from(char)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join(''),
  );
  return `"${shown}"`;
}
