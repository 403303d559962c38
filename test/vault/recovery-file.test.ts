import { createDecipheriv, createHmac, scryptSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { frame } from '../../src/crypto/framing.js';
import type { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';
import type { DataKey } from '../../src/vault/master-key.js';
import { readRecovery, recoveryVaultId, writeRecovery } from '../../src/vault/recovery-file.js';
import { realScrypt } from '../harness/cheap-scrypt.js';

realScrypt();

interface Vectors {
  readonly passphrase: string;
  readonly vault_id: string;
  readonly data_keys: readonly (Omit<DataKey, 'key'> & { readonly key: string })[];
  readonly text: string;
}

const file = new URL('../vectors/recovery-format-1.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors;
const { text } = vectors;
const passphrase = new Secret(vectors.passphrase);
const expected = vectors.data_keys.map((row) => ({ ...row, key: Buffer.from(row.key, 'hex') }));

/** The check of the last line, made anew, as somebody does who alters the file on purpose. */
function withCheck(body: string): string {
  const check = createHmac('sha256', 'token-vault recovery file 1').update(body).digest('hex');
  return `${body}check ${check}\n`;
}

const body = text.replace(/check .*\n$/, '');
const codeOf = async (altered: string, given = passphrase) =>
  readRecovery(altered, given, '/r').then(
    () => 'opened',
    (failure: VaultError) => failure.code,
  );

describe('the recovery file, version 1', () => {
  it('opens as when the format was frozen', async () => {
    const { vaultId, dataKeys } = await readRecovery(text, passphrase, '/r');
    expect(Buffer.from(vaultId).toString('hex')).toBe(vectors.vault_id);
    expect(dataKeys).toEqual(expected);
    expect(withCheck(body)).toBe(text);
  });

  it('matches its description: scrypt and AES-GCM are enough to read it', () => {
    const [, vaultId, n, r, p, salt, sealed] =
      /vault (\S+)\nscrypt (\d+) (\d+) (\d+) (\S+)\nsealed (\S+)\n/.exec(text) ?? [];
    const cost = { N: Number(n), r: Number(r), p: Number(p), maxmem: 2 ** 28 };
    const saltBytes = Buffer.from(salt ?? '', 'base64url');
    const key = scryptSync(vectors.passphrase.normalize('NFC'), saltBytes, 32, cost);
    const bytes = Buffer.from(sealed ?? '', 'base64url');
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(4, 16));
    const bound = [Buffer.from(vaultId ?? '', 'hex'), 'recovery', cost.N, cost.r, cost.p, saltBytes];
    decipher.setAAD(Buffer.concat([bytes.subarray(0, 4), frame(['token-vault/1', ...bound])]));
    decipher.setAuthTag(bytes.subarray(-16));
    const plain = Buffer.concat([decipher.update(bytes.subarray(16, -16)), decipher.final()]);
    expect(JSON.parse(plain.toString())).toHaveLength(expected.length);
  });

  it('is refused if any byte was altered, before the key is derived', () => {
    const opened: number[] = [];
    for (let at = 0; at < text.length; at += 1) {
      const bytes = Buffer.from(text, 'latin1');
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
      try {
        recoveryVaultId(bytes.toString('latin1'), '/r');
        opened.push(at);
      } catch (failure) {
        expect(failure).toMatchObject({ code: expect.stringMatching(/^vault_(damaged|newer)$/) });
      }
    }
    expect(opened).toEqual([]);
  });

  it('distinguishes another file, a newer one, a damaged one and a wrong passphrase', async () => {
    expect(await codeOf('MII-something\n')).toBe('vault_damaged');
    expect(await codeOf(text.replace('file 1', 'file 2'))).toBe('vault_newer');
    expect(await codeOf(text.slice(0, -3))).toBe('vault_damaged');
    expect(await codeOf(text, new Secret('another passphrase'))).toBe('key_wrong');
  });

  it.each([
    ['another vault', /\nvault \S+/, `\nvault ${'00'.repeat(16)}`, 'key_wrong'],
    ['a sealed line without a tag', /sealed (\S{40})\S+/, 'sealed $1', 'key_wrong'],
    ['less work', /scrypt 131072/, 'scrypt 1024', 'vault_damaged'],
    ['more memory than a server has', /scrypt 131072/, 'scrypt 16777216', 'vault_damaged'],
    ['more rounds', /scrypt 131072 8 1/, 'scrypt 131072 8 100', 'vault_damaged'],
    ['a short salt', /(scrypt .*)\S{20}\n/, '$1\n', 'vault_damaged'],
  ])('is refused with %s, even if its check was made again', async (_name, what, by, code) => {
    expect(body).toMatch(what);
    expect(await codeOf(withCheck(body.replace(what, by)))).toBe(code);
  });

  it('has a new salt each time, and opens with any Unicode form of the passphrase', async () => {
    const recovery = { vaultId: Buffer.alloc(16, 1), dataKeys: expected };
    const written = await writeRecovery(recovery, new Secret('passphrase example é'));
    expect(written.match(/scrypt .*/)?.[0]).not.toBe(text.match(/scrypt .*/)?.[0]);
    const again = await readRecovery(written, new Secret('passphrase example e\u0301'), '/r');
    expect(again.dataKeys).toEqual(expected);
  });
});
