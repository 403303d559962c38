import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deriveKey } from '../../src/crypto/derive.js';
import { AuthenticationFailure, decrypt, encryptWithNonce } from '../../src/crypto/sealed-box.js';
import { needs } from '../harness/parts.js';
import {
  type AeadVector,
  type DerivationVector,
  fileOfCrate,
  readBlobs,
  readBlocks,
  readWycheproofGcm,
  readWycheproofHkdf,
} from '../harness/vector-files.js';

/** A checkout of https://github.com/C2SP/wycheproof, where somebody has one: no package brings its AES-GCM vectors. */
const WYCHEPROOF = process.env['WYCHEPROOF'];

/** @returns a sentence for each vector that did not come out as it should */
function aeadFaults(vectors: readonly AeadVector[]): string[] {
  return vectors.flatMap(({ name, key, nonce, aad, plaintext, body, valid }) => {
    const opened = outcomeOf(() => decrypt(key, nonce, body, aad));
    if (!valid) return opened === 'refused' ? [] : [`${name}: opened, and must not`];
    const sealed = encryptWithNonce(key, nonce, plaintext, aad);
    const right = opened !== 'refused' && opened.equals(plaintext) && sealed.equals(body);
    return right ? [] : [`${name}: did not open, or is sealed in other bytes`];
  });
}

function derivationFaults(vectors: readonly DerivationVector[]): string[] {
  return vectors.flatMap(({ name, secret, salt, info, size, key }) => {
    const derived = outcomeOf(() => deriveKey(secret, salt, info, size));
    const right = key === null ? derived === 'refused' : derived !== 'refused' && derived.equals(key);
    return right ? [] : [`${name}: another key`];
  });
}

function outcomeOf(action: () => Buffer): Buffer | 'refused' {
  try {
    return action();
  } catch (failure) {
    if (failure instanceof AuthenticationFailure || failure instanceof RangeError) return 'refused';
    throw failure;
  }
}

describe('vectors of other projects', () => {
  it('of HKDF-SHA256, by Wycheproof, give the same keys', (context) => {
    needs(context, 'vectors of others');
    const vectors = readBlobs(fileOfCrate('hkdf', 'tests/data/wycheproof-sha256.blb') ?? '');
    expect(vectors.length).toBeGreaterThanOrEqual(80);
    expect(derivationFaults(vectors)).toEqual([]);
    const [first] = vectors as [DerivationVector];
    expect(derivationFaults([{ ...first, info: Buffer.from('other') }])).toHaveLength(1);
  });

  it('of AES-256-GCM, by NIST and BoringSSL, open and seal to the same bytes', (context) => {
    needs(context, 'vectors of others');
    const vectors = readBlocks(fileOfCrate('ring', 'tests/aead_aes_256_gcm_tests.txt') ?? '');
    expect(vectors.filter(({ valid }) => valid).length).toBeGreaterThanOrEqual(50);
    expect(aeadFaults(vectors)).toEqual([]);
    const [first] = vectors as [AeadVector];
    expect(aeadFaults([{ ...first, aad: Buffer.from('other') }])).toHaveLength(1);
  });

  const checkout = (name: string) => join(WYCHEPROOF ?? '', 'testvectors_v1', name);
  if (WYCHEPROOF !== undefined && existsSync(checkout('aes_gcm_test.json'))) {
    it('of AES-256-GCM, by Wycheproof itself, have the expected result', () => {
      const vectors = readWycheproofGcm(checkout('aes_gcm_test.json'));
      expect([vectors.length, vectors.filter(({ valid }) => valid).length]).toEqual([66, 39]);
      expect(aeadFaults(vectors)).toEqual([]);
    });
  }
  if (WYCHEPROOF !== undefined && existsSync(checkout('hkdf_sha256_test.json'))) {
    it('of HKDF-SHA256, by Wycheproof itself, have the expected result', () => {
      const vectors = readWycheproofHkdf(checkout('hkdf_sha256_test.json'));
      expect(vectors).toHaveLength(86);
      expect(derivationFaults(vectors)).toEqual([]);
    });
  }
});
