import {
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
} from 'node:crypto';

const KEY_BYTES = 16;
const NOTHING = Buffer.alloc(0);

/** As Node documents it; the declarations for Node 20 leave this kind of key out. */
const generateGroupKeys = generateKeyPairSync as unknown as (
  type: 'dh',
  options: { readonly group: string },
) => KeyPairKeyObjectResult;

/** Our side of one key agreement. */
export interface Transfer {
  /** Big-endian, at most 128 bytes. */
  readonly publicKey: Buffer;
  /**
   * @param peer the other side's public key, big-endian
   * @param iv 16 bytes
   * @throws where the three do not belong together
   */
  open(peer: Buffer, iv: Buffer, sealed: Buffer): Buffer;
}

/**
 * `dh-ietf1024-sha256-aes128-cbc-pkcs7`: Diffie-Hellman in the second Oakley group, HKDF-SHA-256 without salt or info,
 * AES-128-CBC. It keeps a secret out of what records a bus or swaps out its memory, and is no defence against a program
 * that alters messages; the Secret Service specification, chapter 7, says so as well.
 *
 * @throws where the cryptographic library refuses so small a group, as in FIPS mode
 */
export function beginTransfer(): Transfer {
  // getDiffieHellman() would check first that the group's prime is one, for tens of milliseconds.
  const own = generateGroupKeys('dh', { group: 'modp2' });
  const { algorithm, value } = readPublicKey(own.publicKey.export({ type: 'spki', format: 'der' }));
  return {
    publicKey: value,
    open(peer, iv, sealed) {
      const secret = diffieHellman({
        privateKey: own.privateKey,
        publicKey: writePublicKey(algorithm, peer),
      });
      const key = Buffer.from(hkdfSync('sha256', secret, NOTHING, NOTHING, KEY_BYTES));
      const decipher = createDecipheriv('aes-128-cbc', key, iv);
      const opened = Buffer.concat([decipher.update(sealed), decipher.final()]);
      secret.fill(0);
      key.fill(0);
      return opened;
    },
  };
}

const SEQUENCE = 0x30;
const INTEGER = 0x02;
const BIT_STRING = 0x03;

/** A SubjectPublicKeyInfo (RFC 5280 section 4.1): what the group is, and the number that is the key. */
function readPublicKey(spki: Buffer): { readonly algorithm: Buffer; readonly value: Buffer } {
  const info = contentOf(spki);
  const algorithm = info.content.subarray(0, contentOf(info.content).end);
  const bits = contentOf(info.content.subarray(algorithm.length)).content;
  return { algorithm, value: contentOf(bits.subarray(1)).content };
}

function writePublicKey(algorithm: Buffer, value: Buffer): KeyObject {
  const first = value.findIndex((byte) => byte !== 0);
  const digits = first === -1 ? NOTHING : value.subarray(first);
  const unsigned = (digits[0] ?? 0x80) < 0x80 ? digits : Buffer.concat([Buffer.alloc(1), digits]);
  const bits = Buffer.concat([Buffer.alloc(1), der(INTEGER, unsigned)]);
  const key = der(SEQUENCE, Buffer.concat([algorithm, der(BIT_STRING, bits)]));
  return createPublicKey({ key, type: 'spki', format: 'der' });
}

/** @returns the content of the first value, and where the next one begins */
function contentOf(bytes: Buffer): { readonly content: Buffer; readonly end: number } {
  const short = bytes.readUInt8(1);
  const lengthBytes = short < 0x80 ? 0 : short - 0x80;
  const length = lengthBytes === 0 ? short : bytes.readUIntBE(2, lengthBytes);
  const start = 2 + lengthBytes;
  return { content: bytes.subarray(start, start + length), end: start + length };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const header = length < 0x80 ? [tag, length] : [tag, 0x82, length >> 8, length & 0xff];
  // Shorter lengths must be written in fewer bytes.
  if (header.length === 4 && length < 0x100) header.splice(1, 2, 0x81);
  return Buffer.concat([Buffer.from(header), content]);
}
