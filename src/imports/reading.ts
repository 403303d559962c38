import { isAbsolute, join } from 'node:path';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { jsonObject } from '../domain/json.js';
import { inQuotes, quoted } from '../domain/safe-text.js';
import { parseScopes } from '../domain/scopes.js';
import { Secret } from '../domain/secret.js';
import type { Opening, Place } from './contract.js';

/* What the importers share: reading files and members of unknown form. */

export type Members = Readonly<Record<string, unknown>>;

/** @throws VaultError `usage` when there is no such file */
export function contentOf(file: string, { read }: Pick<Place, 'read'>): Buffer {
  const content = read(file);
  if (content !== null) return content;
  throw new VaultError('usage', `${file} does not exist`, { hint: `ls -l ${quoted(file)}` });
}

/** The file, in a sentence. */
export function called(file: string): string {
  return file === '-' ? 'the input on stdin' : file;
}

/** @param what the file should be: `a token file of mutt_oauth2.py` */
export function notSuch(file: string, what: string, hint?: string): VaultError {
  return new VaultError('usage', `${called(file)} is not ${what}, so nothing was imported`, { hint });
}

/** In the details of an error: the file is not wrong, it is encrypted. */
export const ENCRYPTED = { encrypted: true };

const PGP_ARMOR = '-----BEGIN PGP MESSAGE-----';
const AGE = /^(?:age-encryption\.org\/|-----BEGIN AGE ENCRYPTED FILE-----)/;

/** Whether a file begins like an OpenPGP message: armored, or with a packet of an encrypted session key (RFC 9580 §4.3, §5.1). */
function isPgp(content: Buffer): boolean {
  const first = content[0] ?? 0;
  const tag = (first & 0x40) === 0 ? (first >> 2) & 0x0f : first & 0x3f;
  return (
    content.subarray(0, PGP_ARMOR.length).toString() === PGP_ARMOR ||
    ((first & 0x80) !== 0 && [1, 3].includes(tag))
  );
}

/**
 * The text of a file that may be encrypted for the user with gpg or age.
 *
 * @param tool as it is typed after `vault import`, for hints
 * @throws VaultError `usage`
 */
export async function openedText(file: string, opening: Opening, tool: string): Promise<string> {
  const content = contentOf(file, opening);
  if (AGE.test(content.subarray(0, 64).toString('latin1'))) {
    throw new VaultError(
      'usage',
      `${called(file)} is encrypted with age, and only you know with which identity`,
      {
        hint: `open it with age: age --decrypt -i IDENTITY ${file === '-' ? 'FILE' : quoted(file)} | ${command(`import ${tool} -`)}`,
        details: ENCRYPTED,
      },
    );
  }
  if (!isPgp(content)) return content.toString('utf8');
  if (file === '-')
    throw new VaultError('usage', 'the input on stdin is encrypted', {
      hint: `open it with gpg: gpg --decrypt FILE | ${command(`import ${tool} -`)}`,
      details: ENCRYPTED,
    });
  const opened = await opening.run('gpg', ['--quiet', '--decrypt', '--', file], `open ${file}`);
  const text = opened.toString('utf8');
  opened.fill(0);
  return text;
}

/** The member if it is a string with something in it. */
export function textOf(members: Members | null, name: string): string | null {
  const value = members !== null && Object.hasOwn(members, name) ? members[name] : null;
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

export function secretOf(members: Members | null, name: string): Secret | null {
  const text = textOf(members, name);
  return text === null ? null : new Secret(text);
}

export function scopesOf(members: Members | null, name: string): readonly string[] {
  return parseScopes(members !== null && Object.hasOwn(members, name) ? members[name] : null) ?? [];
}

/** @returns null for anything but a JSON object */
export function jsonMembers(text: string): Members | null {
  // Programs on Windows begin a file with a byte order mark.
  const value = jsonObject(text.replace(/^\ufeff/, ''));
  return Array.isArray(value) ? null : value;
}

/** The user's folder for configuration: `$XDG_CONFIG_HOME`, else `~/.config`. */
export function configFolder({ env, home }: Pick<Place, 'env' | 'home'>): string {
  const named = env['XDG_CONFIG_HOME'] ?? '';
  return isAbsolute(named) ? named : join(home, '.config');
}

/** The paths at which there is a file. One that cannot be read is left out. */
export function existing({ read }: Pick<Place, 'read'>, paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].filter((path) => {
    try {
      return read(path) !== null;
    } catch (failure) {
      if (failure instanceof VaultError) return false;
      throw failure;
    }
  });
}

/** A sentence, and the command that deletes the file. */
export function deleteFile(file: string, sentence: string): readonly string[] {
  return file === '-' ? [] : [sentence, `rm ${/^[\w@%+=:,./-]+$/.test(file) ? file : inQuotes(file)}`];
}
