import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** What any answer this program needs fits into many times over. */
export const MAX_BODY_BYTES = 1_048_576;

/** The body is larger than {@link MAX_BODY_BYTES}, as sent or after decompression. */
export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge';
}

/**
 * Undoes one content coding. The input is at most 1 MiB and the output is capped by the decompressor itself, so a
 * bomb costs no more memory than an honest answer of that size.
 *
 * @param part whether the body may be cut off: then what can be decompressed of it is returned
 * @throws BodyTooLarge; any other error for a broken stream or a coding that was not offered
 */
export function decodeBody(body: Buffer, coding: string, part = false): string {
  const limit = { maxOutputLength: MAX_BODY_BYTES, ...(part ? { finishFlush: constants.Z_SYNC_FLUSH } : {}) };
  try {
    switch (coding.trim().toLowerCase()) {
      case '':
      case 'identity':
        return body.toString('utf8');
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, limit).toString('utf8');
      case 'deflate':
        return inflated(body, limit).toString('utf8');
      case 'br':
        return unbrotlied(body, part).toString('utf8');
    }
  } catch (failure) {
    if (failure instanceof RangeError) throw new BodyTooLarge();
    throw failure;
  }
  throw new TypeError('unknown content coding');
}

function unbrotlied(body: Buffer, part: boolean): Buffer {
  const finishFlush = part ? constants.BROTLI_OPERATION_FLUSH : constants.BROTLI_OPERATION_FINISH;
  return brotliDecompressSync(body, { maxOutputLength: MAX_BODY_BYTES, finishFlush });
}

/** `deflate` means zlib (RFC 9110 §8.4.1.2), but some servers send it without the zlib wrapper. */
function inflated(body: Buffer, limit: { maxOutputLength: number; finishFlush?: number }): Buffer {
  const isWrapped = ((body[0] ?? 0) & 0x0f) === 8 && (((body[0] ?? 0) << 8) | (body[1] ?? 0)) % 31 === 0;
  return isWrapped ? inflateSync(body, limit) : inflateRawSync(body, limit);
}
