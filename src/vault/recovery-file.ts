import { authenticate, equalBytes, random } from '../crypto/derive.js';
import { frame } from '../crypto/framing.js';
import { KEY_BYTES, OpenFailure, open, seal } from '../crypto/sealed-box.js';
import {
  isUsualCost,
  memoryOf,
  SALT_BYTES,
  type StretchCost,
  stretch,
  USUAL_COST,
} from '../crypto/stretch.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { withPassphraseBytes } from '../domain/passphrase.js';
import type { Secret } from '../domain/secret.js';
import type { DataKeyPurpose } from '../stores/contract.js';
import { newer } from './damage.js';
import type { DataKey } from './master-key.js';
import { FORMAT } from './master-key.js';

/*
 * A recovery file, version 1, is text of five lines, each ended by a line feed:
 *
 *     token-vault recovery file 1
 *     vault <vault id, 32 hex digits>
 *     scrypt <n> <r> <p> <salt, 32 bytes in base64url>
 *     sealed <the data keys as JSON in the sealed format, in base64url>
 *     check <HMAC-SHA256 of everything before it, with the first line as key, in hex>
 *
 * The check distinguishes damage from a wrong passphrase and protects no secret. The sealed line is bound to those before it.
 */
const TITLE = 'token-vault recovery file';
const VERSION = 1;
const BASE64URL = '[A-Za-z0-9_-]+';
const SHAPE = new RegExp(
  `^vault ([0-9a-f]{32})\\nscrypt (\\d{1,9}) (\\d{1,3}) (\\d{1,3}) (${BASE64URL})\\nsealed (${BASE64URL})\\n$`,
);
const CHECK = /check ([0-9a-f]{64})\n$/;
/** Room for some hundred data keys. */
export const RECOVERY_LIMIT = 256 * 1024;

export interface Recovery {
  readonly vaultId: Uint8Array;
  /** The caller wipes them. */
  readonly dataKeys: readonly DataKey[];
}

/** Random; given only by tests with frozen vectors. */
export interface RecoveryChance {
  readonly salt: Buffer;
}

export async function writeRecovery(
  { vaultId, dataKeys }: Recovery,
  passphrase: Secret,
  { salt }: RecoveryChance = { salt: random(SALT_BYTES) },
): Promise<string> {
  const plain = Buffer.from(
    JSON.stringify(
      dataKeys.map(({ dataKeyId, purpose, key, createdAt }) => ({
        id: dataKeyId,
        purpose,
        key: Buffer.from(key).toString('base64url'),
        created_at: createdAt,
      })),
    ),
  );
  const key = await keyFrom(passphrase, salt, USUAL_COST);
  const sealed = seal(key, 0, plain, additionalData(vaultId, USUAL_COST, salt));
  plain.fill(0);
  key.fill(0);
  const { n, r, p } = USUAL_COST;
  const body = [
    `${TITLE} ${VERSION}`,
    `vault ${Buffer.from(vaultId).toString('hex')}`,
    `scrypt ${n} ${r} ${p} ${salt.toString('base64url')}`,
    `sealed ${sealed.toString('base64url')}`,
    '',
  ].join('\n');
  return `${body}check ${checkOf(body)}\n`;
}

/**
 * @param file its path, for errors
 * @throws VaultError `vault_damaged` when it is no recovery file or was altered, `vault_newer`, `key_wrong` when the
 * passphrase does not open it
 */
export async function readRecovery(text: string, passphrase: Secret, file: string): Promise<Recovery> {
  const { vaultId, cost, salt, sealed } = parse(text, file);
  const key = await keyFrom(passphrase, salt, cost);
  let plain: Buffer;
  try {
    plain = open(key, sealed, additionalData(vaultId, cost, salt));
  } catch (failure) {
    if (!(failure instanceof OpenFailure)) throw failure;
    if (failure.kind === 'newer') throw newer(file);
    throw new VaultError('key_wrong', `the passphrase does not open ${file}`, {
      hint: 'enter the passphrase that was chosen for this file',
    });
  } finally {
    key.fill(0);
  }
  const rows = JSON.parse(plain.toString('utf8')) as readonly {
    readonly id: number;
    readonly purpose: DataKeyPurpose;
    readonly key: string;
    readonly created_at: number;
  }[];
  plain.fill(0);
  return {
    vaultId,
    dataKeys: rows.map((row) => ({
      dataKeyId: row.id,
      purpose: row.purpose,
      key: Buffer.from(row.key, 'base64url'),
      createdAt: row.created_at,
    })),
  };
}

/** Checks the file without a passphrase. @throws as {@link readRecovery} */
export function recoveryVaultId(text: string, file: string): Uint8Array {
  return parse(text, file).vaultId;
}

function parse(text: string, file: string) {
  const [title = ''] = text.split('\n', 1);
  const version = new RegExp(`^${TITLE} ([1-9]\\d{0,3})$`).exec(title)?.[1];
  if (version === undefined) {
    throw new VaultError('vault_damaged', `${file} is not a recovery file`, {
      hint: `name a file that was made by: ${command('key export FILE')}`,
    });
  }
  if (Number(version) > VERSION) throw newer(file);
  const check = CHECK.exec(text);
  const body = text.slice(0, check?.index ?? 0);
  if (check?.[1] === undefined || !equalBytes(Buffer.from(check[1]), Buffer.from(checkOf(body))))
    throw altered(file);
  const found = SHAPE.exec(body.slice(title.length + 1));
  const [, vaultId = '', n, r, p, salt = '', sealed = ''] = found ?? [];
  const cost = { n: Number(n), r: Number(r), p: Number(p) };
  const saltBytes = Buffer.from(salt, 'base64url');
  const isUsual = isUsualCost(cost.n, cost.r, cost.p) && saltBytes.length === SALT_BYTES;
  if (found === null || !isUsual) throw altered(file);
  return {
    vaultId: Buffer.from(vaultId, 'hex'),
    cost,
    salt: saltBytes,
    sealed: Buffer.from(sealed, 'base64url'),
  };
}

function checkOf(body: string): string {
  return authenticate(Buffer.from(`${TITLE} ${VERSION}`), Buffer.from(body)).toString('hex');
}

async function keyFrom(passphrase: Secret, salt: Buffer, cost: StretchCost): Promise<Buffer> {
  try {
    return await withPassphraseBytes(passphrase, (bytes) => stretch(bytes, salt, cost, KEY_BYTES));
  } catch (failure) {
    throw new VaultError(
      'key_unavailable',
      `deriving the key from the passphrase needs ${memoryOf(cost)} MiB of memory`,
      {
        hint: 'give this process more memory',
        cause: failure,
      },
    );
  }
}

function additionalData(vaultId: Uint8Array, { n, r, p }: StretchCost, salt: Buffer): Buffer {
  return frame([FORMAT, vaultId, 'recovery', n, r, p, salt]);
}

function altered(file: string): VaultError {
  return new VaultError('vault_damaged', `${file} was altered or is damaged: its check does not match`, {
    hint: 'use another copy of the file',
  });
}
