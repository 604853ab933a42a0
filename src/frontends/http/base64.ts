import { setImmediate as nextTurn } from 'node:timers/promises';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const none = 255;
const pad = 61;

/** The six bits that a character stands for. */
const sextets = new Uint8Array(256).fill(none);
for (let bits = 0; bits < alphabet.length; bits++) sextets[alphabet.charCodeAt(bits)] = bits;

/** Characters that are decoded in one turn of the event loop. */
const turnCharacters = 65_536;

/**
 * What a text stands for as base64, over as many turns of the event loop as it takes; what is no such character is
 * passed over, and a padding ends it. It is written over the text itself.
 */
export async function decodeBase64(text: Uint8Array): Promise<Uint8Array> {
  let bits = 0;
  let bitCount = 0;
  let written = 0;
  for (let at = 0; at < text.byteLength; at++) {
    if (at % turnCharacters === 0 && at > 0) await nextTurn();
    const character = text[at] ?? pad;
    if (character === pad) break;
    const sextet = sextets[character] ?? none;
    if (sextet === none) continue;
    bits = ((bits << 6) | sextet) & 0xffff;
    bitCount += 6;
    if (bitCount < 8) continue;
    bitCount -= 8;
    text[written++] = bits >> bitCount;
  }
  return text.subarray(0, written);
}
