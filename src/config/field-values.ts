import type { DescField } from '@bufbuild/protobuf';
import type { ReflectMessage } from '@bufbuild/protobuf/reflect';

/**
 * Whether a field says anything. Of a number without presence only a positive zero says nothing: a
 * negative one is a value of its own.
 */
export function isGiven(message: ReflectMessage, field: DescField): boolean {
  return message.isSet(field) || (field.fieldKind === 'scalar' && Object.is(message.get(field), -0));
}

/** The shortest decimal that is this number again when it is read as a 32-bit float. */
export function shortestFloat(value: number): string {
  if (!Number.isFinite(value) || Object.is(value, -0)) return Object.is(value, -0) ? '-0' : String(value);
  for (let digits = 1; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === Math.fround(value)) return text;
  }
  return String(Number(value.toPrecision(9)));
}
