import { join } from 'node:path';
import type { Context } from '../../context.js';
import { authenticate, random } from '../../crypto/derive.js';
import { OpenFailure, open, seal } from '../../crypto/sealed-box.js';
import type { Secret } from '../../domain/secret.js';

/*
 * What a helper keeps from one run to the next. It is sealed with a key derived from the token that it was made with, which is
 * itself sealed in the vault: with a new token it no longer opens.
 */

type KeptFiles = Pick<Context, 'files' | 'paths'>;

const SALT_BYTES = 16;
/** The sealed format names a data key; here there is only one. */
const KEY_ID = 0;
/** Separates this key from what else the token might be used for. */
const PURPOSE = Buffer.from('token-vault helper');
const LIMIT = 64 * 1024;

/** @param name of what is kept. @returns null when nothing is kept for this token */
export function readKept(ctx: KeptFiles, name: string, token: Secret): string | null {
  const sealed = ctx.files.read(fileOf(ctx, name), LIMIT);
  if (sealed === null) return null;
  const [salt, body] = [sealed.subarray(0, SALT_BYTES), sealed.subarray(SALT_BYTES)];
  try {
    return withKey(token, salt, (key) => open(key, body, Buffer.from(name)).toString('utf8'));
  } catch (failure) {
    if (failure instanceof OpenFailure) return null;
    throw failure;
  }
}

/** @throws VaultError `vault_not_writable` */
export function keep(ctx: KeptFiles, name: string, token: Secret, text: string): void {
  const salt = random(SALT_BYTES);
  const body = withKey(token, salt, (key) => seal(key, KEY_ID, Buffer.from(text, 'utf8'), Buffer.from(name)));
  ctx.files.ensureFolder(folderOf(ctx));
  ctx.files.replace(fileOf(ctx, name), Buffer.concat([salt, body]));
}

function withKey<T>(token: Secret, salt: Uint8Array, action: (key: Uint8Array) => T): T {
  const key = authenticate(Buffer.from(token.reveal(), 'utf8'), Buffer.concat([PURPOSE, salt]));
  try {
    return action(key);
  } finally {
    key.fill(0);
  }
}

function folderOf({ paths }: KeptFiles): string {
  return join(paths.state, 'helpers');
}

function fileOf(ctx: KeptFiles, name: string): string {
  const digest = authenticate(PURPOSE, Buffer.from(name));
  return join(folderOf(ctx), digest.toString('hex').slice(0, 32));
}
