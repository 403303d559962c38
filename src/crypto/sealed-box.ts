import { AuthenticationFailure, decrypt, encrypt, NONCE_BYTES, TAG_BYTES } from './aead.js';

/**
 * The sealed format:
 *
 *     version(1) | algorithm(1) = 1 (AES-256-GCM) | data key id(2, big-endian) | nonce(12) | ciphertext | tag(16)
 *
 * The four header bytes are authenticated together with the caller's additional data. The version is 1. Plaintext of a later
 * format has a higher version, so that an older program reports it as newer.
 */
const FIRST_VERSION = 1;
const ALGORITHM_AES_256_GCM = 1;
export const HEADER_BYTES = 4;
export const OVERHEAD_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES;

/** Why sealed bytes could not be opened. */
export type OpenFailureKind =
  /** Not a sealed field. */
  | 'malformed'
  /** An unknown version or algorithm. */
  | 'newer'
  /** Altered, moved from elsewhere, or sealed under another key. */
  | 'forged';

export class OpenFailure extends Error {
  override readonly name = 'OpenFailure';
  readonly kind: OpenFailureKind;

  constructor(kind: OpenFailureKind) {
    super(kind);
    this.kind = kind;
  }
}

/**
 * @param key 32 bytes
 * @param keyId 0 to 65535, readable in the sealed bytes
 * @throws RangeError
 */
export function seal(
  key: Uint8Array,
  keyId: number,
  plaintext: Uint8Array,
  aad: Uint8Array,
  version = FIRST_VERSION,
): Buffer {
  const header = sealedHeader(keyId);
  header.writeUInt8(version, 0);
  const { nonce, body } = encrypt(key, plaintext, Buffer.concat([header, aad]));
  return Buffer.concat([header, nonce, body]);
}

/** The first bytes of everything of version 1 that is sealed under a key. @throws RangeError */
export function sealedHeader(keyId: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt8(FIRST_VERSION, 0);
  header.writeUInt8(ALGORITHM_AES_256_GCM, 1);
  header.writeUInt16BE(keyId, 2);
  return header;
}

/** @param newest version that the caller knows @throws OpenFailure `malformed` or `newer` */
export function sealedKeyId(sealed: Uint8Array, newest = FIRST_VERSION): number {
  const [version = 0, algorithm = 0] = sealed;
  if (version === 0 || algorithm === 0) throw new OpenFailure('malformed');
  if (version > newest || algorithm > ALGORITHM_AES_256_GCM) throw new OpenFailure('newer');
  if (sealed.length < OVERHEAD_BYTES) throw new OpenFailure('malformed');
  return Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).readUInt16BE(2);
}

/** @param newest version that the caller knows @throws OpenFailure */
export function open(key: Uint8Array, sealed: Uint8Array, aad: Uint8Array, newest = FIRST_VERSION): Buffer {
  sealedKeyId(sealed, newest);
  const header = sealed.subarray(0, HEADER_BYTES);
  const nonce = sealed.subarray(HEADER_BYTES, HEADER_BYTES + NONCE_BYTES);
  const body = sealed.subarray(HEADER_BYTES + NONCE_BYTES);
  try {
    return decrypt(key, nonce, body, Buffer.concat([header, aad]));
  } catch (failure) {
    if (failure instanceof AuthenticationFailure) throw new OpenFailure('forged');
    throw failure;
  }
}
