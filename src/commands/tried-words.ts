import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';

/**
 * What a user probably wants with a word that is not a command: the purpose, and the command to type. A name that was typed
 * replaces the placeholder in the command.
 */
type Meaning = readonly [purpose: string, line: string];

const LOG_IN: Meaning = ['to log in', 'login PROVIDER'];
const REMOVE: Meaning = ['to revoke access and remove the account', 'revoke ACCOUNT'];
const REVOKE_ALL: Meaning = ['to show what would be revoked', 'revoke --all --dry-run'];
const PRINT: Meaning = ['to print a token', 'token ACCOUNT'];
const LIST: Meaning = ['to list the accounts', 'list'];
const SHOW: Meaning = ['to show an account', 'show ACCOUNT'];
const RUN: Meaning = ['to run a program with a token', 'exec ACCOUNT -- PROGRAM'];
const REFRESH: Meaning = ['to refresh an account', 'refresh ACCOUNT'];
const RENAME: Meaning = ['to give an account another name', 'rename ACCOUNT NAME'];
const DEFAULT: Meaning = ['to choose the account to take', 'default ACCOUNT'];
const SETTINGS: Meaning = ['to see what is set', 'config get'];
const SET: Meaning = ['to set something', 'config set SETTING VALUE'];
const PROFILES: Meaning = ['to list the profiles', 'config profiles'];
const EVENTS: Meaning = ['to see what happened', 'audit'];
const CHECK: Meaning = ['to find problems', 'doctor'];
const AGENT: Meaning = ['to keep tokens fresh in the background', 'agent'];
const SCHEDULE: Meaning = ['to have tokens refreshed by cron or systemd', 'schedule'];
const SAVE: Meaning = ['to save the vault', 'backup FILE'];
const KEYS: Meaning = ['to see the keys that open the vault', 'key status'];
const COMPLETE: Meaning = ['to complete words in your shell', 'completion --install'];
/** Words of HashiCorp's program, whose name is `vault` as well. */
const OTHER_VAULT: Meaning = ['this is token-vault, not HashiCorp Vault; its commands', '--help'];

/** Written by hand, because the most similar command is often the opposite of what is wanted. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ...all(LOG_IN, 'add', 'new', 'create', 'auth', 'authorize', 'authenticate', 'signin', 'sign-in'),
  ...all(
    REMOVE,
    'logout',
    'log-out',
    'signout',
    'sign-out',
    'rm',
    'remove',
    'delete',
    'del',
    'forget',
    'erase',
  ),
  ...all(REVOKE_ALL, 'revoke-all', 'logout-all', 'remove-all', 'purge', 'wipe', 'reset'),
  ...all(PRINT, 'get', 'print', 'fetch', 'access-token', 'tokens', 'cat', 'header'),
  ...all(LIST, 'ls', 'accounts', 'account', 'users'),
  ...all(SHOW, 'whoami', 'who', 'me', 'id', 'info', 'describe', 'inspect', 'view'),
  ...all(RUN, 'run', 'with', 'env', 'sh', 'shell', 'do'),
  ...all(REFRESH, 'renew', 'update', 'extend'),
  ...all(RENAME, 'mv', 'move', 'alias', 'name'),
  ...all(DEFAULT, 'use', 'select', 'prefer', 'set-default'),
  ...all(SETTINGS, 'configure', 'configuration', 'settings'),
  ...all(SET, 'set', 'edit'),
  ...all(PROFILES, 'profile', 'profiles', 'switch', 'context'),
  ...all(EVENTS, 'log', 'logs', 'history', 'events', 'trail'),
  ...all(CHECK, 'test', 'diagnose', 'health', 'verify', 'repair', 'fix', 'debug'),
  ...all(AGENT, 'daemon', 'serve', 'start', 'stop', 'watch'),
  ...all(SCHEDULE, 'cron', 'timer', 'install', 'job', 'jobs'),
  ...all(SAVE, 'export', 'dump', 'save', 'copy'),
  ...all(KEYS, 'keys', 'lock', 'unlock', 'password', 'passphrase', 'rotate', 'keychain'),
  ...all(COMPLETE, 'completions', 'complete', 'autocomplete'),
  ...all(
    OTHER_VAULT,
    'kv',
    'read',
    'write',
    'unseal',
    'seal',
    'operator',
    'secrets',
    'policy',
    'lease',
    'server',
  ),
};

/** Words and options that people try after a command, with what they want. */
const INSTEAD: Readonly<Record<string, readonly Meaning[]>> = {
  ...same([KEYS], 'key list', 'key ls', 'key show', 'key get'),
  ...same([['to add a key', 'key add KIND']], 'key create', 'key new', 'key init'),
  ...same([['to remove a key', 'key remove KIND']], 'key delete', 'key rm'),
  ...same([['to save the keys in a recovery file', 'key export vault.recovery']], 'key backup', 'key save'),
  ...same([SETTINGS, PROFILES], 'config list', 'config ls', 'config show'),
  ...same([['to remove a value', 'config unset SETTING']], 'config remove', 'config rm', 'config delete'),
  ...same([['to remove all defaults', 'default --remove']], 'default --unset', 'default --clear'),
  ...same([['to undo it', 'connect TOOL --remove']], 'connect --uninstall', 'connect --undo'),
  ...same([['to remove it', 'completion --remove']], 'completion --uninstall'),
  ...same([['to remove it', 'schedule --uninstall']], 'schedule --remove'),
  ...same([AGENT], 'agent start', 'agent run'),
  ...same([['to remove it', 'agent uninstall']], 'agent remove'),
  ...same([['without asking', 'revoke ACCOUNT --yes']], 'revoke --force', 'revoke -f', 'revoke -y'),
};

function same(meanings: readonly Meaning[], ...lines: string[]): Record<string, readonly Meaning[]> {
  return Object.fromEntries(lines.map((line) => [line, meanings]));
}

export const TRIED_LINES: readonly string[] = Object.keys(INSTEAD);

/** The hint for a word or an option that a command does not have; null where nothing is known. @param line without our name */
export function instead(line: string): string | null {
  const meanings = Object.hasOwn(INSTEAD, line) ? INSTEAD[line] : undefined;
  return meanings?.map(([purpose, typed]) => `${purpose}: ${command(typed)}`).join('\n') ?? null;
}

function all(meaning: Meaning, ...words: string[]): Record<string, Meaning> {
  return Object.fromEntries(words.map((word) => [word, meaning]));
}

export const TRIED_WORDS: readonly string[] = Object.keys(MEANINGS);

/**
 * The hint for a word that is no command, but that people try.
 *
 * @param names what was typed after it; the first may be put into the command
 * @returns null for any other word
 */
export function triedWord(word: string, names: readonly string[]): string | null {
  const meaning = Object.hasOwn(MEANINGS, word) ? MEANINGS[word] : undefined;
  if (meaning === undefined) return null;
  const [purpose, line] = meaning;
  const [name] = names;
  const placeholder = /\b(?:ACCOUNT|PROVIDER|FILE)\b/;
  // What looks like an option or like name=secret is not repeated.
  const usable = name !== undefined && /^[\p{L}\p{N}][\p{L}\p{N}@%+:,./_-]*$/u.test(name);
  return `${purpose}: ${command(usable ? line.replace(placeholder, () => quoted(name)) : line)}`;
}
