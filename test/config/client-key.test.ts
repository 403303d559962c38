import { createHash, generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readClientKey } from '../../src/config/client-key.js';
import { VaultError } from '../../src/domain/errors.js';
import { clientAssertion } from '../../src/oauth/client-assertion.js';
import type { ProviderSettings } from '../../src/providers/settings.js';
import { hasOpenssl, makeCertificate } from '../doubles/certificate.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const PEM = { type: 'pkcs8', format: 'pem' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });

function read(files: Readonly<Record<string, string>>, more: ProviderSettings = {}) {
  const text = (path: string) => files[path] ?? null;
  const settings = { clientKeyFile: '/k', ...more };
  return readClientKey('providers.a', settings, { readText: text, readPublic: text });
}

function refusal(files: Readonly<Record<string, string>>, more: ProviderSettings = {}): VaultError {
  try {
    read(files, more);
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
  }
  throw new Error('it was accepted');
}

const decoded = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

describe('the private key of a client', () => {
  it('decides the algorithm', () => {
    const jwk = { ...rsa.privateKey.export({ format: 'jwk' }), alg: 'PS256', kid: 'one' };
    expect(read({ '/k': String(rsa.privateKey.export(PEM)) }).facts.algorithm).toBe('RS256');
    expect(read({ '/k': JSON.stringify(jwk) }).facts).toMatchObject({ algorithm: 'PS256', keyId: 'one' });
    expect(read({ '/k': String(ec.privateKey.export(PEM)) }).facts.algorithm).toBe('ES256');
  });

  it.each([
    ['a public key', String(rsa.publicKey.export({ type: 'spki', format: 'pem' }))],
    ['a password', 'hunter2hunter2'],
    [
      'an RSA key of 1024 bits',
      String(generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export(PEM)),
    ],
    ['an encrypted key', String(ec.privateKey.export({ ...PEM, cipher: 'aes-256-cbc', passphrase: 'x' }))],
    ['a key for other curves', String(generateKeyPairSync('x25519').privateKey.export(PEM))],
  ])('is not %s, which the error does not quote', (_, text) => {
    const error = refusal({ '/k': text });
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining("file '/k' holds"),
    });
    expect(`${error.message}${error.hint}`).not.toContain(text.slice(40, 60) || text);
  });

  it('is named by an absolute path', () => {
    expect(refusal({ k: 'x' }, { clientKeyFile: 'k' }).message).toContain('is not an absolute path');
  });
});

describe('the JWT that authenticates a client', () => {
  it('names the client, is for one use at this endpoint, and ends within five minutes', () => {
    const { key, facts } = read({ '/k': String(ec.privateKey.export(PEM)) }, { clientKeyId: 'two' });
    const to = { clientId: 'me', endpoint: 'https://a.example/token', now: NOW, audience: null };
    const make = () => clientAssertion({ ...facts, ...to, key })['client_assertion'] ?? '';
    const [header, claims, signature = ''] = make().split('.');
    expect(decoded(header)).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'two' });
    const { iss, sub, aud, jti, iat, exp } = decoded(claims);
    expect({ iss, sub, aud, iat }).toEqual({
      iss: 'me',
      sub: 'me',
      aud: 'https://a.example/token',
      iat: NOW / 1000,
    });
    expect(exp - iat).toBeLessThanOrEqual(300);
    expect(jti).not.toBe(decoded(make().split('.')[1]).jti);
    const by = { key: ec.publicKey, dsaEncoding: 'ieee-p1363' } as const;
    expect(
      verify('sha256', Buffer.from(`${header}.${claims}`), by, Buffer.from(signature, 'base64url')),
    ).toBe(true);
  });
});

describe.skipIf(!hasOpenssl)('the certificate of a client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-client-key-'));
  const made = hasOpenssl ? makeCertificate(folder, 'client', 'DNS:client.example') : null;
  const files = {
    '/k': String(made?.key),
    '/c': String(made?.cert),
    '/other': String(rsa.privateKey.export(PEM)),
  };
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is named by its SHA-256', () => {
    const { thumbprint } = read(files, { clientCertificateFile: '/c' }).facts;
    const { raw } = new X509Certificate(files['/c']);
    expect(thumbprint).toBe(createHash('sha256').update(raw).digest('base64url'));
  });

  it('is of the key that signs', () => {
    const error = refusal(files, { clientKeyFile: '/other', clientCertificateFile: '/c' });
    expect(error.message).toContain("'/c' belongs to another key");
  });
});
