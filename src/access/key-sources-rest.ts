import { resolve } from 'node:path';
import { currentKeySource, defaultSetting, keyFileFromEnv, withKeySource } from '../config/key-source.js';
import { once } from '../domain/async.js';
import type { Audit } from '../domain/audit-events.js';
import { SECOND } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import type { Secret } from '../domain/secret.js';
import type { CommandEnd } from '../keysources/command.js';
import type { KeySource, KeySourceKind, KeySourceSetting, StoringKeySource } from '../keysources/contract.js';
import { keySourceFor } from '../keysources/index.js';
import type { KeyMemory, LoadedKey } from '../keysources/key-memory.js';
import type { PassphraseParts } from '../keysources/passphrase.js';
import type { EventQueue } from '../stores/audit-queue.js';
import type { TrailTable, VaultHead } from '../stores/contract.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import { KEYCHAIN_TIMEOUTS, systemKeychain } from '../system/keychain/keychain.js';
import type { NewMaster } from './new-key.js';
import type { PassphraseInput } from './passphrase.js';

/** A program that prints the key may ask its user something. */
const COMMAND_TIMEOUT = { interactive: 60 * SECOND, unattended: 10 * SECOND };

/** A key source as the command line names it. */
export interface KeyChoice {
  readonly setting: KeySourceSetting;
  /** An open descriptor from which this run reads the passphrase; null: none. */
  readonly passphraseFd: number | null;
}

/** Where the passphrase of a recovery file is read from; both null: the user is asked. */
export interface PassphraseFrom {
  readonly file: string | null;
  readonly descriptor: number | null;
}

export interface SourceMakerParts {
  readonly host: Host;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly notice: (line: string) => void;
  /** A user is at the terminal, even if this process may not read from it. */
  readonly interactive: () => boolean;
  /** Delays the next passphrase after several wrong ones; left out: no delay. */
  readonly turn?: () => Promise<void>;
}

/** A passphrase that overrides the usual ones for this run. */
type NamedPassphrase = { readonly descriptor: number } | { readonly known: Secret };

/** Makes key sources from their settings. What a source needs of the system is loaded when it is first used. */
export function sourceMaker({ host, paths, files, clock, notice, interactive, turn }: SourceMakerParts) {
  const { env, interruption } = host;
  let given: () => Secret | null = () => null;

  async function run(command: readonly string[], timeout: number, limit: number): Promise<CommandEnd> {
    const { runBounded } = await import('../system/processes/child.js');
    interruption.throwIfAborted();
    const [program = '', ...args] = command;
    const end = await runBounded(program, args, {
      env: childEnv(env),
      // Not the current directory, where others may have put files.
      cwd: '/',
      input: host.stdin.isTTY === true && interactive() ? 'inherit' : new Uint8Array(),
      limit: timeout,
      capture: true,
      enough: limit,
      signal: interruption,
      foreground: interactive(),
    });
    interruption.throwIfAborted();
    if (end.kind === 'not_started') return { kind: end.code === 'ENOENT' ? 'not_found' : 'not_executable' };
    if (end.kind === 'ended' && end.stdout.length > limit) return { kind: 'too_much' };
    return end;
  }

  async function ask(what: string, input: PassphraseInput) {
    const [{ askPassphrase }, { readDescriptor }] = await Promise.all([
      import('./passphrase.js'),
      import('../system/files/secret-input.js'),
    ]);
    const terminal = async (question: string) => {
      const { askSecret } = await import('../ui/ask.js');
      return askSecret(question, host.stdin, host.stderr, interruption);
    };
    const deps = {
      env,
      what,
      readFile: files.read,
      readDescriptor,
      terminal: interactive() ? terminal : null,
    };
    return askPassphrase({ ...deps, ...(turn && { turn }) }, input);
  }

  async function vaultPassphrase(
    file: string | null,
    named: NamedPassphrase | null,
    isExplicit: boolean,
  ): Promise<PassphraseParts> {
    const { passphraseInput } = await import('./passphrase.js');
    const descriptor = named !== null && 'descriptor' in named ? named.descriptor : null;
    const input: PassphraseInput =
      named !== null && 'known' in named
        ? { kind: 'known', passphrase: named.known }
        : passphraseInput(env, { descriptor, file: isExplicit ? file : null }, file);
    const asked = await ask('the vault', input);
    // A passphrase in a file can be read again.
    given = input.kind === 'file' ? () => null : asked.given;
    return asked;
  }

  return {
    /**
     * @param named for a passphrase; null: as environment and configuration say
     * @param isExplicit the setting was on the command line
     */
    source: (
      setting: KeySourceSetting,
      named: NamedPassphrase | null = null,
      isExplicit = false,
    ): Promise<KeySource> =>
      keySourceFor(setting, {
        files,
        keyFile: paths.keyFile,
        keychain: () => systemKeychain({ host, clock, timeouts: KEYCHAIN_TIMEOUTS, interactive, notice }),
        isFirstRun: () => !files.exists(paths.database),
        credential: {
          folder: env['CREDENTIALS_DIRECTORY'],
          read: async (path, limit) =>
            (await import('../system/files/secret-input.js')).readCredential(path, limit, host.uid),
        },
        command: {
          run,
          defaultTimeout: () => COMMAND_TIMEOUT[interactive() ? 'interactive' : 'unattended'],
          configFile: isExplicit ? null : paths.configFile,
        },
        passphrase: (file) => vaultPassphrase(file, named, isExplicit),
      }),
    recoveryPassphrase({ file, descriptor }: PassphraseFrom): Promise<PassphraseParts> {
      if (descriptor !== null) return ask('the recovery file', { kind: 'descriptor', descriptor });
      const input =
        file === null ? ({ kind: 'terminal' } as const) : ({ kind: 'file', path: resolve(file) } as const);
      return ask('the recovery file', input);
    },
    /** The vault's passphrase, once it was given; null where it can be read again. */
    givenPassphrase: (): Secret | null => given(),
  };
}

export interface KeySourcesParts extends Omit<SourceMakerParts, 'interactive' | 'turn'> {
  /** Whether the user may be asked now for a passphrase, or to unlock a keychain. */
  readonly mayAsk: () => boolean;
  readonly readText: (path: string) => string | null;
  readonly audit: Audit;
  readonly queue: EventQueue;
  /** Null where there is no vault. */
  readonly trail: () => Promise<TrailTable | null>;
  /** A master key that another process has loaded and sent. */
  readonly loaded: LoadedKey | null;
}

/** The key sources of this machine. */
export interface KeySources {
  /** The source that environment or configuration name; the keychain when neither does. */
  current(): Promise<KeySource>;
  /** `VAULT_KEY_FILE` or the path of `config.json`, whichever names it; null: neither does. @throws VaultError `config_invalid` */
  decidedBy(): Promise<string | null>;
  /** The source that the command line names. */
  chosen(choice: KeyChoice): Promise<KeySource>;
  /** The source of a kind with the default settings; null for a command, which has none. */
  usual(kind: string): Promise<KeySource | null>;
  /** The keychain or the vault's own key file, which store what this program puts there; null for other kinds. */
  storing(kind: KeySourceKind): Promise<StoringKeySource | null>;
  /** Writes a source into `config.json`. @returns undoes that; null when it was written there already */
  remember(source: KeySource): Promise<(() => void) | null>;
  /** Reads a new key back from its source. @throws VaultError when it returns another key */
  readBack(source: KeySource, made: NewMaster): Promise<void>;
  recoveryPassphrase(from: PassphraseFrom): Promise<PassphraseParts>;
  /** Wipes the keys that are kept in memory so that the user is not asked for them twice. */
  forget(): void;
}

/** @param memory keeps their keys */
export function keySources(parts: KeySourcesParts, memory: KeyMemory): Omit<KeySources, 'forget'> {
  const { host, paths, files, readText } = parts;
  const { env } = host;
  const turns = once(async () => {
    const { passphrasePause } = await import('./passphrase.js');
    return passphrasePause({ ...parts, interruption: host.interruption });
  });
  const maker = sourceMaker({
    ...parts,
    // Checked late: the first access to a stream takes time.
    interactive: () => parts.mayAsk() && host.stdin.isTTY === true && host.stderr.isTTY === true,
    turn: async () => (await turns())(),
  });
  const inForce = () => currentKeySource(env, readText(paths.configFile), paths.configFile);

  return {
    current: async () => memory.around(await maker.source(inForce().setting)),
    decidedBy: async () => inForce().decidedBy,
    async chosen({ setting, passphraseFd }) {
      const named = passphraseFd === null ? null : { descriptor: passphraseFd };
      return memory.around(await maker.source(fromHere(setting, env), named, true));
    },
    async usual(kind) {
      const setting = defaultSetting(kind);
      return setting === null ? null : maker.source(setting);
    },
    async storing(kind) {
      if (kind !== 'keychain' && kind !== 'file') return null;
      const source = await maker.source(kind === 'file' ? { kind, path: null } : { kind });
      return source.keys === 'stored' ? source : null;
    },
    async remember({ setting }) {
      files.ensureFolder(paths.config);
      const before = readText(paths.configFile);
      const after = withKeySource(before, setting, paths.configFile);
      if (after === before) return null;
      files.replace(paths.configFile, Buffer.from(after, 'utf8'));
      return () => {
        if (before === null) files.remove(paths.configFile);
        else files.replace(paths.configFile, Buffer.from(before, 'utf8'));
      };
    },
    async readBack({ setting }, made) {
      const { readBackFrom } = await import('./new-key.js');
      const known = maker.givenPassphrase();
      // A fresh source: the one that made the key keeps it in memory.
      return readBackFrom(await maker.source(setting, known && { known }, true), made);
    },
    recoveryPassphrase: maker.recoveryPassphrase,
  };
}

/** Resolves paths of a command line, because what is written into the configuration must not depend on the current directory. */
function fromHere(setting: KeySourceSetting, env: Host['env']): KeySourceSetting {
  if (setting.kind === 'file') {
    return { kind: 'file', path: setting.path === null ? keyFileFromEnv(env) : resolve(setting.path) };
  }
  if (setting.kind !== 'passphrase' || setting.file === null) return setting;
  return { kind: 'passphrase', file: resolve(setting.file) };
}

/** A key source that may have this vault's master key. */
export interface KnownKeySource {
  readonly source: KeySource;
  /** Whether commands use it with the current settings. */
  readonly inUse: boolean;
}

/**
 * The source in use, then the others in which the vault has a key, except a command: the vault does not store how to run it.
 *
 * @param head null where there is no vault, or it cannot be read
 */
export async function knownKeySources(
  inUse: KeySourceSetting,
  head: VaultHead | null,
  sourceFor: (setting: KeySourceSetting) => Promise<KeySource>,
): Promise<readonly KnownKeySource[]> {
  const kinds = new Set((head?.masterKeys ?? []).map(({ source }) => source));
  kinds.delete(inUse.kind);
  const others = [...kinds].flatMap((kind) => defaultSetting(kind) ?? []);
  const known = [{ setting: inUse, inUse: true }, ...others.map((setting) => ({ setting, inUse: false }))];
  return Promise.all(
    known.map(async ({ setting, inUse: used }) => ({ source: await sourceFor(setting), inUse: used })),
  );
}
