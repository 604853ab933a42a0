import { InferenceError } from '../inference/error.js';

/** Loads a vendor's package, which is there only where optional dependencies are installed. */
export async function loadSdk<T>(name: string, scheme: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error;
    throw new InferenceError(
      'unsupported',
      `${scheme}:// file-system not supported. To enable, install the package '${name}', an optional dependency ` +
        `that npm leaves out with --omit=optional: npm install ${name}`,
    );
  }
}
