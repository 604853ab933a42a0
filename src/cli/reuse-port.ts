import type { FlagReader } from './flag-reader.js';
import { UsageError } from './usage-error.js';

/** Whether a port is to be shared with other processes, which Node can from some version on. */
export function checkReusePort(read: FlagReader, flag: string): boolean {
  const wanted = read.boolean(flag);
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (wanted && (major < 22 || (major === 22 && minor < 12))) {
    throw new UsageError(`--${flag} needs Node 22.12 or later, this is ${process.versions.node}`);
  }
  return wanted;
}
