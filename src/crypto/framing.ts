/** Null and an empty string give different frames. */
export type FrameValue = string | number | Uint8Array | null;

const TYPE = { null: 0, text: 1, integer: 2, bytes: 3 } as const;

/**
 * Encodes values so that different lists give different bytes: each is a type byte, a 4-byte big-endian length and the value (text as
 * UTF-8, integers as 8 bytes big-endian two's complement). For additional authenticated data and keyed digests. A lone surrogate
 * becomes U+FFFD, as in the database.
 *
 * @throws RangeError for a number that is no safe integer
 */
export function frame(values: readonly FrameValue[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const value of values) {
    const [type, bytes] = encode(value);
    const header = Buffer.alloc(5);
    header.writeUInt8(type, 0);
    header.writeUInt32BE(bytes.length, 1);
    parts.push(header, bytes);
  }
  return Buffer.concat(parts);
}

function encode(value: FrameValue): [number, Uint8Array] {
  if (value === null) return [TYPE.null, Buffer.alloc(0)];
  if (typeof value === 'string') return [TYPE.text, Buffer.from(value, 'utf8')];
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new RangeError('only safe integers can be framed');
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return [TYPE.integer, bytes];
  }
  return [TYPE.bytes, value];
}
