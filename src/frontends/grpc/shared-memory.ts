import type { Server } from '../../server/server.js';
import type { CudaRegionRequest, NamedRegion, SystemRegionRequest } from './messages.js';

/** The six calls about clients' shared memory, by their names. */
export const sharedMemoryCalls: Readonly<Record<string, (server: Server, request: never) => object>> = {
  SystemSharedMemoryStatus: ({ regions }, { name }: NamedRegion) => ({
    regions: Object.fromEntries(
      regions
        .status(name)
        .map(({ name, key, offset, byteSize }) => [
          name,
          { name, key, offset: String(offset), byte_size: String(byteSize) },
        ]),
    ),
  }),
  SystemSharedMemoryRegister({ regions }, { name, key, offset, byte_size: byteSize }: SystemRegionRequest) {
    regions.register({ name, key, offset: BigInt(offset), byteSize: BigInt(byteSize) });
    return {};
  },
  SystemSharedMemoryUnregister({ regions }, { name }: NamedRegion) {
    regions.unregister(name);
    return {};
  },
  CudaSharedMemoryStatus({ cudaRegions }, { name }: NamedRegion) {
    cudaRegions.status(name);
    return { regions: {} };
  },
  CudaSharedMemoryRegister: ({ cudaRegions }, { name }: CudaRegionRequest) => cudaRegions.register(name),
  CudaSharedMemoryUnregister({ cudaRegions }) {
    cudaRegions.unregister();
    return {};
  },
};
