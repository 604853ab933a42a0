import { invalidArgument } from '../../inference/error.js';
import type { RegionSpan } from '../../inference/region-span.js';
import type { WireParameters } from './codec/infer-request.js';

/** Where in shared memory a tensor's parameters say that it lies; undefined when they name no region. */
export function readRegionSpan(tensor: string, parameters: WireParameters): RegionSpan | undefined {
  if (parameters.size === 0) return undefined;
  const region = parameters.get('shared_memory_region');
  const subject = (name: string): string => `'shared_memory_${name}' parameter for tensor '${tensor}'`;
  if (region !== undefined && region.kind !== 'string_param') {
    throw invalidArgument(`invalid value type for ${subject('region')}, expected string_param.`);
  }
  const number = (name: 'offset' | 'byte_size'): bigint | undefined => {
    const given = parameters.get(`shared_memory_${name}`);
    if (given === undefined) return undefined;
    if (region === undefined) {
      throw invalidArgument(`'shared_memory_${name}' can not be specified without ${subject('region')}`);
    }
    if (given.kind !== 'int64_param') {
      throw invalidArgument(`invalid value type for ${subject(name)}, expected int64_param.`);
    }
    return given.value;
  };
  const [offset = 0n, byteSize] = [number('offset'), number('byte_size')];
  if (region === undefined) return undefined;
  if (byteSize === undefined) {
    throw invalidArgument(`'shared_memory_byte_size' must be specified along with ${subject('region')}`);
  }
  return { region: region.value, offset, byteSize };
}
