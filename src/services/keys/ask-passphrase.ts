import { SECOND } from '../../domain/duration.js';
import { VaultError } from '../../domain/errors.js';
import { inQuotes } from '../../domain/safe-text.js';
import { Secret } from '../../domain/secret.js';
import type { PassphraseParts } from '../../keysources/passphrase.js';
import type { DescriptorText } from '../../system/files/secret-input.js';

/** In bytes. */
const LIMIT = 1024;
/** How long a pipe is waited for that somebody holds open and writes nothing into. */
const DESCRIPTOR_PATIENCE = 10 * SECOND;
const TRIES = 3;

const VAULT_WAYS =
  'write it into a private file, once: (umask 077; cat > "$HOME/.vault-passphrase")\nand name that: export VAULT_PASSPHRASE_FILE="$HOME/.vault-passphrase"\nor open it for the command: export VAULT_PASSPHRASE_FD=3, and 3< "$HOME/.vault-passphrase" behind it';

const RECOVERY_WAYS =
  'write it into a private file, once: (umask 077; cat > "$HOME/.recovery-passphrase")\nand name that: --passphrase-file "$HOME/.recovery-passphrase"\nor open it for the command: --passphrase-fd 3 3< "$HOME/.recovery-passphrase"';
const VAULT = 'the vault';

export interface PassphraseDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it opens: `the vault` or `the recovery file`. */
  readonly what: string;
  /** Private files only. @returns null when it is not there. @throws VaultError */
  readonly readFile: (path: string, limit: number) => Buffer | null;
  readonly readDescriptor: (descriptor: number, limit: number, patience: number) => Promise<DescriptorText>;
  /** Asks on the terminal without echo; null where there is none. */
  readonly terminal: ((question: string) => Promise<Secret>) | null;
  /** Waits until a passphrase may be tried, after several that were wrong; left out: at once. */
  readonly turn?: () => Promise<void>;
}

/** How the passphrase is given this time. */
export type PassphraseWay =
  | { readonly kind: 'known'; readonly passphrase: Secret }
  | { readonly kind: 'descriptor'; readonly descriptor: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'terminal' };

/**
 * Which way counts. What was named for this one run goes first, then the environment, then the configuration; a person is
 * asked when nothing is named.
 *
 * @param named on the command line
 * @param file that the configuration names
 * @throws VaultError `config_invalid` for a variable that makes no sense
 */
export function passphraseWay(
  env: PassphraseDeps['env'],
  named: { readonly descriptor: number | null; readonly file: string | null },
  file: string | null,
): PassphraseWay {
  if (named.descriptor !== null) return { kind: 'descriptor', descriptor: named.descriptor };
  if (named.file !== null) return { kind: 'file', path: named.file };
  const descriptor = env['VAULT_PASSPHRASE_FD'] ?? '';
  if (descriptor !== '') return { kind: 'descriptor', descriptor: readNumber(descriptor) };
  const path = env['VAULT_PASSPHRASE_FILE'] ?? '';
  if (path !== '') return { kind: 'file', path: readPath(path) };
  return file === null ? { kind: 'terminal' } : { kind: 'file', path: file };
}

/** @returns what the passphrase source needs, and the passphrase once it was given */
export function askPassphrase(
  deps: PassphraseDeps,
  way: PassphraseWay,
): PassphraseParts & { readonly given: () => Secret | null } {
  let given: Secret | null = way.kind === 'known' ? way.passphrase : null;

  async function read(fresh: boolean): Promise<Secret> {
    switch (way.kind) {
      case 'known':
        return way.passphrase;
      case 'descriptor':
        // What was read from it once cannot be read again.
        return given ?? fromDescriptor(deps, way.descriptor);
      case 'file':
        return fromFile(deps, way.path);
      default:
        return fromPerson(deps, fresh);
    }
  }

  return {
    place: way.kind === 'file' ? `passphrase in ${way.path}` : 'passphrase',
    given: () => given,
    async ask(fresh) {
      if (!fresh && way.kind !== 'known') await deps.turn?.();
      const passphrase = await read(fresh);
      given = passphrase;
      return passphrase;
    },
  };
}

async function fromPerson({ terminal, what }: PassphraseDeps, fresh: boolean): Promise<Secret> {
  if (terminal === null) {
    throw new VaultError(
      'key_unavailable',
      `the passphrase of ${what} is needed, and there is nobody to ask`,
      { hint: what === VAULT ? VAULT_WAYS : RECOVERY_WAYS },
    );
  }
  if (!fresh) return terminal(`passphrase of ${what}: `);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const first = await terminal(
      tries === 0 ? `new passphrase of ${what}: ` : 'those were two; new passphrase: ',
    );
    const second = await terminal('the same once more: ');
    if (first.reveal() === second.reveal()) return first;
  }
  throw new VaultError('usage', `the two were not the same, ${TRIES} times`);
}

function fromFile({ readFile }: PassphraseDeps, path: string): Secret {
  const content = readFile(path, LIMIT);
  if (content === null) {
    throw new VaultError('key_missing', `the file with the passphrase is not there: ${path}`, {
      hint: `write it there: (umask 077; cat > ${inQuotes(path)})`,
    });
  }
  const text = content.toString('utf8').split(/\r?\n/, 1)[0] ?? '';
  content.fill(0);
  return new Secret(text);
}

async function fromDescriptor({ readDescriptor }: PassphraseDeps, descriptor: number): Promise<Secret> {
  const read = await readDescriptor(descriptor, LIMIT, DESCRIPTOR_PATIENCE);
  if (read.kind === 'line') return new Secret(read.text);
  const why = {
    not_open: 'is not open for reading',
    terminal: 'is a terminal, which would show it',
    too_long: 'holds more than a passphrase',
    timed_out: 'gave no whole line in time',
  }[read.kind];
  const code = read.kind === 'timed_out' ? 'key_timed_out' : 'key_unavailable';
  throw new VaultError(code, `the passphrase cannot be read: descriptor ${descriptor} ${why}`, {
    hint: `write behind the command: ${descriptor}< "$HOME/.vault-passphrase"`,
  });
}

function readNumber(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number === 0 || number > 2) return number;
  throw new VaultError(
    'config_invalid',
    'VAULT_PASSPHRASE_FD must be the number of an open descriptor: 0, or from 3',
    {
      hint: 'for example: export VAULT_PASSPHRASE_FD=3, and 3< "$HOME/.vault-passphrase" behind the command',
    },
  );
}

function readPath(path: string): string {
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) return path;
  throw new VaultError('config_invalid', 'VAULT_PASSPHRASE_FILE must be an absolute path', {
    hint: 'for example: export VAULT_PASSPHRASE_FILE="$HOME/.vault-passphrase"',
  });
}
