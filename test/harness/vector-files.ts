import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/* Test vectors that others made, read from where Debian puts the sources of Rust's cryptography, or from Wycheproof itself. */

const REGISTRY = '/usr/share/cargo/registry';

/** One test of AES-256-GCM with nonces of 96 and tags of 128 bits. */
export interface AeadVector {
  readonly name: string;
  readonly key: Buffer;
  readonly nonce: Buffer;
  readonly aad: Buffer;
  readonly plaintext: Buffer;
  /** Ciphertext, then the tag. */
  readonly body: Buffer;
  readonly valid: boolean;
}

export interface DerivationVector {
  readonly name: string;
  readonly secret: Buffer;
  readonly salt: Buffer;
  readonly info: Buffer;
  readonly size: number;
  /** Null where there can be no key of this size. */
  readonly key: Buffer | null;
}

/** @returns the path of a file of a crate; null when the crate is not installed */
export function fileOfCrate(crate: string, path: string): string | null {
  try {
    const [found] = readdirSync(REGISTRY).filter((name) => name.startsWith(`${crate}-`));
    return found === undefined ? null : join(REGISTRY, found, path);
  } catch {
    return null;
  }
}

/** Wycheproof's HKDF vectors as the crate `hkdf` carries them: rows of four byte strings, those that repeat listed first. */
export function readBlobs(file: string): DerivationVector[] {
  const bytes = readFileSync(file);
  let at = 0;
  const number = () => {
    // Base 128, most significant digit first; each digit but the last is one more than it says.
    let value = 0;
    for (;;) {
      const byte = bytes.readUInt8(at);
      at += 1;
      value += byte & 0x7f;
      if ((byte & 0x80) === 0) return value;
      value = (value + 1) * 128;
    }
  };
  const take = (length: number) => {
    at += length;
    return bytes.subarray(at - length, at);
  };
  const repeated = Array.from({ length: number() }, () => take(number()));
  const next = () => {
    const mark = number();
    return (mark & 1) === 1 ? (repeated[mark >> 1] ?? Buffer.alloc(0)) : take(mark >> 1);
  };
  const vectors: DerivationVector[] = [];
  while (at < bytes.length) {
    const [secret, salt, info, key] = [next(), next(), next(), next()] as const;
    vectors.push({ name: `row ${vectors.length + 1}`, secret, salt, info, size: key.length, key });
  }
  return vectors;
}

/** The AES-256-GCM vectors of the crate `ring`, NIST's among them: blocks of `NAME = value`. */
export function readBlocks(file: string): AeadVector[] {
  const lines = readFileSync(file, 'utf8').replace(/^#.*$/gm, '');
  const blocks = lines.split(/\n\s*\n/).filter((block) => block.trim() !== '');
  return blocks.map((block, index) => {
    const value = (name: string) => new RegExp(`^${name} = "?([^"\n]*)"?$`, 'm').exec(block)?.[1] ?? '';
    const bytes = (name: string) => Buffer.from(value(name), 'hex');
    return {
      name: `block ${index + 1}`,
      key: bytes('KEY'),
      nonce: bytes('NONCE'),
      aad: bytes('AD'),
      plaintext: bytes('IN'),
      body: Buffer.concat([bytes('CT'), bytes('TAG')]),
      valid: value('FAILS') === '',
    };
  });
}

interface Wycheproof<T> {
  readonly testGroups: readonly (Readonly<Record<string, unknown>> & { readonly tests: readonly T[] })[];
}

type Hex<Name extends string> = Readonly<Record<Name, string>>;
type Told = { readonly tcId: number; readonly comment: string; readonly result: string };

/** `aes_gcm_test.json` of Wycheproof, as far as a vault goes: keys of 256, nonces of 96 and tags of 128 bits. */
export function readWycheproofGcm(file: string): AeadVector[] {
  const { testGroups } = parse<Told & Hex<'key' | 'iv' | 'aad' | 'msg' | 'ct' | 'tag'>>(file);
  const ours = testGroups.filter(
    (group) => group['keySize'] === 256 && group['ivSize'] === 96 && group['tagSize'] === 128,
  );
  return ours
    .flatMap(({ tests }) => tests)
    .map((test) => ({
      name: `${test.tcId} ${test.comment}`,
      key: Buffer.from(test.key, 'hex'),
      nonce: Buffer.from(test.iv, 'hex'),
      aad: Buffer.from(test.aad, 'hex'),
      plaintext: Buffer.from(test.msg, 'hex'),
      body: Buffer.from(test.ct + test.tag, 'hex'),
      valid: test.result === 'valid',
    }));
}

/** `hkdf_sha256_test.json` of Wycheproof. */
export function readWycheproofHkdf(file: string): DerivationVector[] {
  const { testGroups } = parse<Told & { readonly size: number } & Hex<'ikm' | 'salt' | 'info' | 'okm'>>(file);
  return testGroups
    .flatMap(({ tests }) => tests)
    .map((test) => ({
      name: `${test.tcId} ${test.comment}`,
      secret: Buffer.from(test.ikm, 'hex'),
      salt: Buffer.from(test.salt, 'hex'),
      info: Buffer.from(test.info, 'hex'),
      size: test.size,
      key: test.result === 'valid' ? Buffer.from(test.okm, 'hex') : null,
    }));
}

function parse<T>(file: string): Wycheproof<T> {
  return JSON.parse(readFileSync(file, 'utf8')) as Wycheproof<T>;
}
