import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { isAbsolute } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { jsonObject } from '../domain/json.js';
import { inQuotes } from '../domain/safe-text.js';
import { Secret } from '../domain/secret.js';
import type { AssertionFacts, SigningAlgorithm } from '../providers/contract.js';
import type { ProviderSettings } from '../providers/settings.js';

/** How the files of a client key are read; null: there is no such file. */
export interface KeyFiles {
  /** A private file. @throws VaultError `vault_permissions` */
  readonly readText: (path: string) => string | null;
  /** A file that others may read too. */
  readonly readPublic: (path: string) => string | null;
}

export interface ClientKey {
  /** PKCS #8, as PEM. */
  readonly key: Secret;
  readonly facts: Omit<AssertionFacts, 'audience'>;
}

/** RFC 7518 §3.3. */
const LEAST_RSA_BITS = 2048;
const CURVES: Readonly<Record<string, SigningAlgorithm>> = { prime256v1: 'ES256', secp384r1: 'ES384' };

/**
 * Reads the private key of a client, and its certificate if one is set. The algorithm follows from the key; an RSA key signs
 * with PS256 where its JWK says so or a certificate is sent along, as Microsoft Entra wants it, and else with RS256.
 *
 * @param setting the place in `config.json`, for errors: `providers.build`
 * @throws VaultError `config_invalid`; the files' own
 */
export function readClientKey(setting: string, settings: ProviderSettings, files: KeyFiles): ClientKey {
  const { clientKeyFile, clientCertificateFile, clientKeyId } = settings;
  if (clientKeyFile === undefined)
    throw new VaultError('config_invalid', `${setting}.clientKeyFile in config.json is not set`, {
      hint: `set ${setting}.clientKeyFile to the absolute path of the client's private key`,
    });
  const text = contentOf(`${setting}.clientKeyFile`, clientKeyFile, files.readText);
  const jwk = jsonObject(text);
  const key = parsed(text, jwk) ?? refuse(`${setting}.clientKeyFile`, clientKeyFile, 'holds no private key');
  const thumbprint =
    clientCertificateFile === undefined
      ? null
      : thumbprintOf(`${setting}.clientCertificateFile`, clientCertificateFile, key, files);
  const algorithm = algorithmOf(key, jwk?.['alg'] === 'PS256' || thumbprint !== null);
  if (algorithm === null)
    return refuse(
      `${setting}.clientKeyFile`,
      clientKeyFile,
      'holds a key of a type that vault cannot sign with',
    );
  const kid = jwk?.['kid'];
  return {
    key: new Secret(String(key.export({ type: 'pkcs8', format: 'pem' }))),
    facts: { algorithm, thumbprint, keyId: clientKeyId ?? (typeof kid === 'string' ? kid : null) },
  };
}

function contentOf(setting: string, path: string, read: (path: string) => string | null): string {
  if (!isAbsolute(path)) return refuse(setting, path, 'is not an absolute path');
  return read(path) ?? refuse(setting, path, 'does not exist');
}

/** The messages of the parser quote its input. @returns null for anything but one unencrypted private key */
function parsed(text: string, jwk: Readonly<Record<string, unknown>> | null): KeyObject | null {
  try {
    return jwk === null ? createPrivateKey(text) : createPrivateKey({ key: jwk, format: 'jwk' });
  } catch {
    return null;
  }
}

function algorithmOf(key: KeyObject, pss: boolean): SigningAlgorithm | null {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = key;
  if (kind === 'ed25519') return 'EdDSA';
  if (kind === 'ec') return CURVES[details?.namedCurve ?? ''] ?? null;
  if ((kind !== 'rsa' && kind !== 'rsa-pss') || (details?.modulusLength ?? 0) < LEAST_RSA_BITS) return null;
  return pss || kind === 'rsa-pss' ? 'PS256' : 'RS256';
}

/** RFC 7515 §4.1.8. */
function thumbprintOf(setting: string, path: string, key: KeyObject, files: KeyFiles): string {
  const certificate = certificateIn(contentOf(setting, path, files.readPublic));
  if (certificate === null) return refuse(setting, path, 'holds no certificate (PEM)');
  if (!certificate.checkPrivateKey(key))
    return refuse(setting, path, 'belongs to another key than clientKeyFile');
  return Buffer.from(certificate.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url');
}

function certificateIn(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text);
  } catch {
    return null;
  }
}

function refuse(setting: string, path: string, why: string): never {
  throw new VaultError('config_invalid', `${setting} in config.json: the file ${inQuotes(path)} ${why}`, {
    hint: `a private key is a file only you can read, PEM (unencrypted) or JWK: RSA of at least ${LEAST_RSA_BITS} bits, P-256, P-384 or Ed25519\ncorrect ${setting} in config.json`,
  });
}
