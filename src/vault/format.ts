/**
 * Begins everything that a vault authenticates, and the purpose of every key that is derived for it: bytes that were written
 * under another format do not open as ours.
 */
export const FORMAT = 'token-vault/1';

export const UINT64_BYTES = 8;

/** A count or an epoch as it stands in sealed bytes: 8 bytes, big-endian. @throws RangeError below 0 */
export function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(UINT64_BYTES);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

/** Reads one back. @throws RangeError when it would reach beyond the end */
export function readUint64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64BE(at));
}
