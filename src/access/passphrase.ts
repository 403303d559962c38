import { type SlowDownDeps, slowDown, WRONG_PASSPHRASES, wrongPassphrases } from '../audit/rate-limits.js';
import { SECOND } from '../domain/duration.js';
import { VaultError } from '../domain/errors.js';
import { isLongEnough, LEAST_LENGTH } from '../domain/passphrase.js';
import { inQuotes } from '../domain/safe-text.js';
import { Secret } from '../domain/secret.js';
import type { PassphraseParts } from '../keysources/passphrase.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable } from '../stores/contract.js';
import type { DescriptorText } from '../system/files/secret-input.js';

/** In bytes. */
const LIMIT = 1024;
/** For a pipe that stays open while nothing is written into it. */
const DESCRIPTOR_TIMEOUT = 10 * SECOND;
const ATTEMPTS = 3;

const VAULT = 'the vault';
const VAULT_HINT =
  'write it into a private file, once: (umask 077; cat > "$HOME/.vault-passphrase")\n(type the passphrase, Enter, Ctrl-D)\nand then: export VAULT_PASSPHRASE_FILE="$HOME/.vault-passphrase"\nor pass it as a descriptor: export VAULT_PASSPHRASE_FD=3, and add to the command: 3< "$HOME/.vault-passphrase"';
const RECOVERY_HINT =
  'write it into a private file, once: (umask 077; cat > "$HOME/.recovery-passphrase")\n(type the passphrase, Enter, Ctrl-D)\nand add: --passphrase-file "$HOME/.recovery-passphrase"\nor pass it as a descriptor: --passphrase-fd 3 3< "$HOME/.recovery-passphrase"';

export interface PassphraseDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** `the vault` or `the recovery file`. */
  readonly what: string;
  /** Private files only. @returns null when there is none. @throws VaultError */
  readonly readFile: (path: string, limit: number) => Buffer | null;
  readonly readDescriptor: (descriptor: number, limit: number, timeout: number) => Promise<DescriptorText>;
  /** Asks on the terminal without echo; null where there is none. */
  readonly terminal: ((question: string) => Promise<Secret>) | null;
  /** Delays the next attempt after several wrong passphrases; left out: no delay. */
  readonly turn?: () => Promise<void>;
}

export type PassphraseInput =
  | { readonly kind: 'known'; readonly passphrase: Secret }
  | { readonly kind: 'descriptor'; readonly descriptor: number }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'terminal' };

/**
 * Where the passphrase is read: the command line goes before the environment, that before the configuration, and without any of
 * them the user is asked.
 *
 * @param named on the command line
 * @param file in the configuration
 * @throws VaultError `config_invalid` for an invalid variable
 */
export function passphraseInput(
  env: PassphraseDeps['env'],
  named: { readonly descriptor: number | null; readonly file: string | null },
  file: string | null,
): PassphraseInput {
  if (named.descriptor !== null) return { kind: 'descriptor', descriptor: named.descriptor };
  if (named.file !== null) return { kind: 'file', path: named.file };
  const descriptor = env['VAULT_PASSPHRASE_FD'] ?? '';
  if (descriptor !== '') return { kind: 'descriptor', descriptor: readNumber(descriptor) };
  const path = env['VAULT_PASSPHRASE_FILE'] ?? '';
  if (path !== '') return { kind: 'file', path: readPath(path) };
  return file === null ? { kind: 'terminal' } : { kind: 'file', path: file };
}

/** @returns what the passphrase source needs, and the passphrase once it was read */
export function askPassphrase(
  deps: PassphraseDeps,
  input: PassphraseInput,
): PassphraseParts & { readonly given: () => Secret | null } {
  let given: Secret | null = input.kind === 'known' ? input.passphrase : null;

  async function read(fresh: boolean): Promise<Secret> {
    switch (input.kind) {
      case 'known':
        return input.passphrase;
      case 'descriptor':
        // A descriptor can be read only once.
        return given ?? fromDescriptor(deps, input.descriptor);
      case 'file':
        return fromFile(deps, input.path);
      default:
        return fromTerminal(deps, fresh);
    }
  }

  return {
    place: input.kind === 'file' ? `passphrase in ${input.path}` : 'passphrase',
    given: () => given,
    async ask(fresh) {
      if (!fresh && input.kind !== 'known') await deps.turn?.();
      const passphrase = await read(fresh);
      given = passphrase;
      return passphrase;
    },
  };
}

async function fromTerminal({ terminal, what }: PassphraseDeps, fresh: boolean): Promise<Secret> {
  if (terminal === null) {
    throw new VaultError('key_unavailable', `the passphrase of ${what} is needed, and there is no terminal`, {
      hint: what === VAULT ? VAULT_HINT : RECOVERY_HINT,
    });
  }
  if (!fresh) return terminal(`passphrase of ${what}: `);
  let question = `new passphrase of ${what} (${LEAST_LENGTH} characters or more): `;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const first = await terminal(question);
    if (!isLongEnough(first)) {
      question = `too short; new passphrase (${LEAST_LENGTH} characters or more): `;
      continue;
    }
    const second = await terminal('repeat the passphrase: ');
    if (first.reveal() === second.reveal()) return first;
    question = 'they did not match; new passphrase: ';
  }
  throw new VaultError('usage', `the passphrases were too short or did not match (${ATTEMPTS} attempts)`);
}

function fromFile({ readFile }: PassphraseDeps, path: string): Secret {
  const content = readFile(path, LIMIT);
  if (content === null) {
    throw new VaultError('key_missing', `there is no passphrase file at ${path}`, {
      hint: `to create it, then type the passphrase, Enter, Ctrl-D: (umask 077; cat > ${inQuotes(path)})`,
    });
  }
  const text = content.toString('utf8').split(/\r?\n/, 1)[0] ?? '';
  content.fill(0);
  return new Secret(text);
}

async function fromDescriptor({ readDescriptor }: PassphraseDeps, descriptor: number): Promise<Secret> {
  const read = await readDescriptor(descriptor, LIMIT, DESCRIPTOR_TIMEOUT);
  if (read.kind === 'line') return new Secret(read.text);
  const why = {
    not_open: 'is not open for reading',
    terminal: 'is a terminal, which would show it',
    too_long: 'holds more than a passphrase',
    timed_out: 'did not deliver a line in time',
  }[read.kind];
  const code = read.kind === 'timed_out' ? 'key_timed_out' : 'key_unavailable';
  throw new VaultError(code, `the passphrase cannot be read: descriptor ${descriptor} ${why}`, {
    hint: `add to the command: ${descriptor}< "$HOME/.vault-passphrase"`,
  });
}

function readNumber(text: string): number {
  const number = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (number === 0 || number > 2) return number;
  throw new VaultError(
    'config_invalid',
    'VAULT_PASSPHRASE_FD must be the number of an open descriptor: 0, or 3 and up',
    {
      hint: 'for example: export VAULT_PASSPHRASE_FD=3, and add to the command: 3< "$HOME/.vault-passphrase"',
    },
  );
}

function readPath(path: string): string {
  if (path.startsWith('/') || /^[A-Za-z]:[\\/]/.test(path)) return path;
  throw new VaultError('config_invalid', 'VAULT_PASSPHRASE_FILE must be an absolute path', {
    hint: 'for example: export VAULT_PASSPHRASE_FILE="$HOME/.vault-passphrase"',
  });
}

export interface PassphraseRateDeps extends SlowDownDeps {
  /** Null where there is no vault. */
  readonly trail: () => Promise<TrailTable | null>;
  readonly queue: EventQueue;
}

/**
 * Delays each passphrase after a few wrong ones; see {@link slowDown}. Other sources are not delayed: 32 random bytes cannot be
 * guessed.
 *
 * @returns waits until one more passphrase may be tried; rejects with the interruption's reason
 */
export function passphrasePause(deps: PassphraseRateDeps): () => Promise<void> {
  let waitedFor = 0;
  return async () => {
    const count = await wrongPassphraseCount(deps);
    const before = waitedFor;
    waitedFor = count;
    // A command that has waited and then opened the vault may ask for the passphrase again; that is no new guess.
    if (count < WRONG_PASSPHRASES || count === before) return;
    const why = `${count} wrong passphrases were entered within the last 15 minutes`;
    await slowDown(deps, count - WRONG_PASSPHRASES, { event: 'passphrases_slowed', count }, why);
  };
}

/** Zero when the trail cannot be read: opening the vault reports that damage. */
async function wrongPassphraseCount({ trail, queue, clock }: PassphraseRateDeps): Promise<number> {
  try {
    return await wrongPassphrases(await trail(), queue, clock.now());
  } catch (failure) {
    if (failure instanceof VaultError) return 0;
    throw failure;
  }
}
