import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { orElse } from '../domain/errors.js';
import type { Files } from './contract.js';

/** 32 hex digits, or `uninitialized` in an image that was never started. */
const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const MACHINE_ID = /^[0-9a-f]{32}$/;
const TOKEN_BYTES = 16;
const LIMIT = 1024;

/**
 * Identifies this machine: its machine id, else a random string in `ownFile`, made once. machine-id(5) asks to keep it
 * confidential, so it goes into keyed digests only.
 *
 * @throws VaultError `vault_not_writable`, `vault_permissions`
 */
export function machineIdentity(
  files: Files,
  ownFile: string,
  systemFiles: readonly string[] = MACHINE_ID_FILES,
): string {
  for (const file of systemFiles) {
    const id = orElse(() => readFileSync(file, 'utf8').trim(), '');
    if (MACHINE_ID.test(id)) return id;
  }
  const own = () => files.read(ownFile, LIMIT)?.toString('utf8').trim() ?? '';
  if (own() === '') {
    files.ensureFolder(dirname(ownFile));
    files.create(ownFile, Buffer.from(`${randomBytes(TOKEN_BYTES).toString('hex')}\n`, 'utf8'));
  }
  return own();
}
