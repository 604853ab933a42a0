import type { Method, Transport, TransportOptions } from '../src/frontends/grpc/transport.js';
import { existsSync } from 'node:fs';

/** The transports that the benches know: file and class in src/frontends/grpc/transports. */
const transports: Readonly<Record<string, { readonly file: string; readonly exported: string }>> = {
  'grpc-js': { file: 'grpc-js.js', exported: 'GrpcJsTransport' },
  http2: { file: 'http2.js', exported: 'Http2Transport' },
};

type TransportClass = new (methods: readonly Method[], options: TransportOptions) => Transport;

function urlOf(file: string): URL {
  return new URL(`../src/frontends/grpc/transports/${file}`, import.meta.url);
}

/** Names of the transports that were built. */
export function builtTransports(): string[] {
  return Object.keys(transports).filter((name) => existsSync(urlOf(transports[name]?.file ?? '')));
}

/** The class is looked up by name, so that the benches build where one of the transports is missing. */
export async function loadTransport(name: string): Promise<TransportClass> {
  const entry = transports[name];
  if (entry === undefined) throw new Error(`no transport '${name}': ${Object.keys(transports).join(', ')}`);
  const module = (await import(urlOf(entry.file).href)) as Record<string, unknown>;
  const found = module[entry.exported];
  if (typeof found !== 'function') throw new Error(`${entry.file} exports no ${entry.exported}`);
  return found as TransportClass;
}
