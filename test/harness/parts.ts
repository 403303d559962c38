import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'vitest';
import { fileBirth } from '../../src/system/files/read-only.js';
import { hasOpenssl } from '../doubles/certificate.js';
import { faketime } from './faketime.js';
import { fileOfCrate } from './vector-files.js';

/** A real part that tests need and npm does not bring. */
interface Part {
  readonly found: () => boolean;
  readonly how: string;
}

/**
 * Milliseconds after which another program hangs. A test that waits for one with spawnSync needs its own limit:
 * nothing else can end it, and the run would never end.
 */
export const HANGS = 60_000;

const succeeds = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { stdio: 'ignore', timeout: HANGS }).status === 0;

const outputOf = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', timeout: HANGS }).stdout ?? '';

export const BASH_COMPLETION = '/usr/share/bash-completion/bash_completion';

export const CHROMIUM = '/usr/bin/chromium';

/** Cyrus SASL looks for its plugins below the folder of libraries of each architecture. */
function hasXoauth2Plugin(): boolean {
  const folders = existsSync('/usr/lib') ? readdirSync('/usr/lib') : [];
  return folders.some((folder) => existsSync(join('/usr/lib', folder, 'sasl2/libkdexoauth2.so')));
}

const PARTS = {
  'the built command line': {
    found: () => existsSync(fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url))),
    how: 'npm run build',
  },
  'Secret Service': {
    found: () => succeeds('gnome-keyring-daemon', ['--version']) && succeeds('dbus-daemon', ['--version']),
    how: 'apt-get install gnome-keyring libsecret-1-0 dbus',
  },
  'D-Bus': { found: () => succeeds('dbus-daemon', ['--version']), how: 'apt-get install dbus' },
  Chromium: { found: () => existsSync(CHROMIUM), how: 'apt-get install chromium' },
  strace: { found: () => succeeds('strace', ['-o', '/dev/null', 'true']), how: 'apt-get install strace' },
  faketime: {
    found: () => succeeds('env', faketime('@0', 'true')),
    how: 'apt-get install faketime',
  },
  'a small tmpfs': {
    found: () => succeeds('unshare', ['--mount', 'mount', '-t', 'tmpfs', '-o', 'size=64k', 'none', tmpdir()]),
    how: 'run as root on Linux',
  },
  'vectors of others': {
    found: () => fileOfCrate('hkdf', 'Cargo.toml') !== null && fileOfCrate('ring', 'Cargo.toml') !== null,
    how: 'apt-get install librust-hkdf-dev librust-ring-dev',
  },
  'another user': { found: () => process.getuid?.() === 0, how: 'run as root' },
  'birth times of files': {
    found() {
      const folder = mkdtempSync(join(tmpdir(), 'vault-birth-'));
      const known = fileBirth(folder) !== null;
      rmdirSync(folder);
      return known;
    },
    how: 'keep the temporary folder on ext4, xfs, btrfs or APFS',
  },
  bash: { found: () => succeeds('bash', ['--version']), how: 'apt-get install bash' },
  'bash-completion': { found: () => existsSync(BASH_COMPLETION), how: 'apt-get install bash-completion' },
  zsh: { found: () => succeeds('zsh', ['--version']), how: 'apt-get install zsh' },
  fish: { found: () => succeeds('fish', ['--version']), how: 'apt-get install fish' },
  man: { found: () => succeeds('man', ['--version']), how: 'apt-get install man-db' },
  mandoc: { found: () => existsSync('/usr/bin/mandoc'), how: 'apt-get install mandoc' },
  git: { found: () => succeeds('git', ['--version']), how: 'apt-get install git' },
  rclone: { found: () => succeeds('rclone', ['version']), how: 'apt-get install rclone' },
  kubectl: {
    found: () => succeeds('kubectl', ['version', '--client']),
    how: 'apt-get install kubernetes-client',
  },
  // Debian's own cargo is too old; a newer one is in cargo-web.
  cargo: {
    found: () => /^cargo 1\.(?:7[4-9]|[89]\d|\d{3})/.test(outputOf('cargo', ['--version'])),
    how: 'apt-get install cargo-web, or cargo where it is 1.74 or newer',
  },
  pip: { found: () => succeeds('pip3', ['--version']), how: 'apt-get install python3-pip' },
  curl: { found: () => succeeds('curl', ['--version']), how: 'apt-get install curl' },
  wget: { found: () => succeeds('wget', ['--version']), how: 'apt-get install wget' },
  Dovecot: {
    // It makes processes of other users, which only root can.
    found: () => process.getuid?.() === 0 && succeeds('dovecot', ['--version']) && hasOpenssl,
    how: 'as root: apt-get install dovecot-imapd dovecot-pop3d dovecot-submissiond openssl',
  },
  neomutt: { found: () => succeeds('neomutt', ['-v']), how: 'apt-get install neomutt' },
  mutt: { found: () => succeeds('mutt', ['-v']), how: 'apt-get install mutt' },
  msmtp: { found: () => succeeds('msmtp', ['--version']), how: 'apt-get install msmtp' },
  mbsync: {
    found: () => succeeds('mbsync', ['--version']) && hasXoauth2Plugin(),
    how: 'apt-get install isync libsasl2-modules-kdexoauth2',
  },
  aerc: { found: () => succeeds('aerc', ['-v']), how: 'apt-get install aerc' },
  'git send-email': {
    found: () => succeeds('git', ['send-email', '--dump-aliases']),
    how: 'apt-get install git-email libmailtools-perl',
  },
  getmail: { found: () => succeeds('getmail', ['--version']), how: 'apt-get install getmail6' },
  offlineimap: { found: () => succeeds('offlineimap', ['--version']), how: 'apt-get install offlineimap3' },
  'namespaces of its own': {
    found: () => succeeds('unshare', ['--mount', '--net', 'mount', '-t', 'tmpfs', 'none', tmpdir()]),
    how: 'run as root on Linux',
  },
  'oidc-agent': { found: () => succeeds('oidc-gen', ['--version']), how: 'apt-get install oidc-agent-cli' },
  gpg: { found: () => succeeds('gpg', ['--version']), how: 'apt-get install gnupg' },
  python3: { found: () => succeeds('python3', ['--version']), how: 'apt-get install python3' },
  'mutt_oauth2.py': {
    found: () =>
      existsSync('/usr/share/doc/mutt/examples/mutt_oauth2.py') ||
      existsSync('/usr/share/doc/neomutt/oauth2/mutt_oauth2.py.gz'),
    how: 'apt-get install mutt, with its documentation',
  },
  age: { found: () => succeeds('age', ['--version']), how: 'apt-get install age' },
  'a terminal': {
    found: () => succeeds('script', ['--version']),
    how: 'apt-get install bsdutils',
  },
  cron: {
    found: () => existsSync('/usr/sbin/cron') && succeeds('sh', ['-c', 'command -v crontab']),
    how: 'apt-get install cron',
  },
  root: { found: () => process.getuid?.() === 0, how: 'run as root' },
  setpriv: {
    found: () => process.getuid?.() === 0 && succeeds('setpriv', ['--version']),
    how: 'run as root on Linux, with util-linux',
  },
  'systemd-analyze': {
    found: () => succeeds('systemd-analyze', ['--version']),
    how: 'apt-get install systemd',
  },
  '/proc': { found: () => existsSync('/proc/self/environ'), how: 'run on Linux' },
} satisfies Record<string, Part>;

export type PartName = keyof typeof PARTS;

/** @returns a sentence for each part that is not here, with the way to get it */
export function missing(...parts: readonly PartName[]): string[] {
  return parts.filter((name) => !isFound(name)).map((name) => `needs ${name} (${PARTS[name].how})`);
}

const known = new Map<PartName, boolean>();

/** Looked for once, since most are looked for by running a program. */
function isFound(name: PartName): boolean {
  const found = known.get(name) ?? PARTS[name].found();
  known.set(name, found);
  return found;
}

/**
 * Skips the test where a part is missing, and says how to get it. Under `CI=true` a missing part is a failure: what
 * is skipped everywhere is tested nowhere.
 */
export function needs(context: TestContext, ...parts: readonly PartName[]): void {
  for (const message of missing(...parts)) {
    if (process.env['CI'] === 'true') throw new Error(message);
    context.skip(message);
  }
}
