import path from 'node:path';
import { finding, type Finding } from './finding.js';
import { isFolder, isVersionName, notVersions, readNames, whyNoVersion } from './layout.js';

/** What lies in a folder and is passed over: what surely was meant to be used, and the rest. */
export interface Strays {
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
}

const namesShownMax = 8;

/** Names in quotes, the first ones of many. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, namesShownMax).map((name) => `'${name}'`);
  const more = names.length - shown.length;
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** What lies in a model's folder, reads like a part of a model and is none. */
export async function findModelStrays(folder: string): Promise<Strays> {
  const names = (await readNames(folder)).sort();
  const found = await Promise.all(names.map((name) => isFolder(path.join(folder, name))));
  const folders = names.filter((_, index) => found[index]);
  const files = names.filter((_, index) => found[index] !== true);
  const versions = folders.filter(isVersionName);
  const passedOver = folders.filter((name) => !isVersionName(name) && !notVersions.has(name));
  const looks = await Promise.all(passedOver.map((name) => looksLikeVersion(folder, name)));
  const meant = passedOver.filter((_, index) => looks[index]);
  const others = passedOver.filter((_, index) => looks[index] !== true);
  return {
    findings: [
      ...meant.map((name) =>
        finding(whyNoVersion(name) ?? '', `rename it to ${meantVersion(name, versions)}`),
      ),
      ...misnamedConfig(files),
    ],
    notes: others.length === 0 ? [] : [`no versions, and passed over: ${listNames(others)}`],
  };
}

/** A model file that lies beside the version folders. */
export async function findLooseModel(folder: string): Promise<string | undefined> {
  const names = await readNames(folder);
  return names.find((name) => name === 'model.onnx') ?? names.filter(isOnnx).sort()[0];
}

export function isOnnx(name: string): boolean {
  return /\.onnx$/i.test(name);
}

/** `v1` and `01` are; `assets` is only with a model inside. */
async function looksLikeVersion(folder: string, name: string): Promise<boolean> {
  if (/^(v|ver|version)?[-_. ]?\d/i.test(name)) return true;
  return (await readNames(path.join(folder, name))).some(isOnnx);
}

function meantVersion(name: string, taken: readonly string[]): string {
  const number = /\d+/.exec(name)?.[0].replace(/^0+(?=\d)/, '');
  return number === undefined || taken.includes(number)
    ? 'a number that no other version has'
    : `'${number}'`;
}

/** Names that people and systems give a config, and that nobody reads. */
function misnamedConfig(files: readonly string[]): Finding[] {
  if (files.includes('config.pbtxt')) return [];
  const name = files.find((file) => /^(model[-_.]?)?config\b.*\.(pbtxt|pbtext|prototxt|txt|pb)$/i.test(file));
  if (name === undefined) return [];
  return [
    finding(
      `'${name}' is not read: the config of a model is called config.pbtxt`,
      'rename it to config.pbtxt',
    ),
  ];
}
