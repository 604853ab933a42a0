/**
 * Whether a path that a config names stays inside of the folder that it is relative to. Backslashes separate on
 * Windows only, but a name with one that climbs is never meant well.
 */
export function staysInside(file: string): boolean {
  const steps = file.split(/[/\\]/);
  return file !== '' && steps[0] !== '' && !steps.includes('..') && !/^[a-z]:/i.test(file);
}
