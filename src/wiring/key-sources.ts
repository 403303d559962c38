import { resolve } from 'node:path';
import { SECOND } from '../domain/duration.js';
import { childEnv } from '../domain/environment.js';
import { Secret } from '../domain/secret.js';
import type { CommandEnd } from '../keysources/command.js';
import type { KeySource, KeySourceKind, KeySourceSetting, StoringKeySource } from '../keysources/contract.js';
import { type KeySourceParts, keySourceFor } from '../keysources/index.js';
import type { PassphraseParts } from '../keysources/passphrase.js';
import type { PassphraseWay } from '../services/keys/ask-passphrase.js';
import type { PassphraseFrom } from '../services/keys/key-changes-contract.js';
import type { Clock, Files, Host, Paths } from '../system/contract.js';
import { KEYCHAIN_TIMEOUTS, systemKeychain } from '../system/keychain/keychain.js';

/* How wiring/keys.ts comes by key sources: what each of them needs from the outside, loaded when it is first used. */

/** A command may have to ask a person something; without a terminal nobody is there. */
const COMMAND_PATIENCE = { withPerson: 60 * SECOND, alone: 10 * SECOND };

const USUAL: readonly KeySourceSetting[] = [
  { kind: 'keychain' },
  { kind: 'file', path: null },
  { kind: 'credential', name: null },
  { kind: 'passphrase', file: null },
];

export interface KeySourceWires {
  readonly host: Host;
  readonly paths: Paths;
  readonly files: Files;
  readonly clock: Clock;
  readonly notice: (line: string) => void;
  /** Somebody sits at the terminal, though this process may not read from it. */
  readonly person: () => boolean;
  /** Waits until one more passphrase that may be wrong can be given; at once when left out. */
  readonly turn?: () => Promise<void>;
}

/** A way to a passphrase that goes before the usual ones. */
export type NamedWay = { readonly descriptor: number } | { readonly known: string };

export interface KeySourcesWired {
  /**
   * @param named for a passphrase, this once; null: what environment and configuration say
   * @param explicit the setting itself stood on the command line
   */
  source(setting: KeySourceSetting, named?: NamedWay | null, explicit?: boolean): Promise<KeySource>;
  /** The source of a kind where nothing else is said of it; null for a command, which has no usual one. */
  usual(kind: string): Promise<KeySource | null>;
  /** A source that may hold a key this program has put there: the keychain, the vault's own key file; null for others. */
  storing(kind: KeySourceKind): Promise<StoringKeySource | null>;
  /** A passphrase that opens something else than the vault, such as a recovery file. */
  passphraseOf(what: string, from: PassphraseFrom): Promise<PassphraseParts>;
  /** The passphrase that was given last, for another process that needs it too. */
  passphrase(): Secret | null;
}

export function keySourcesWith({
  host,
  paths,
  files,
  clock,
  notice,
  person,
  turn,
}: KeySourceWires): KeySourcesWired {
  const { env, interruption } = host;
  let given: () => Secret | null = () => null;

  async function run(command: readonly string[], timeout: number, limit: number): Promise<CommandEnd> {
    const { runBounded } = await import('../system/processes/child.js');
    interruption.throwIfAborted();
    const [program = '', ...args] = command;
    const end = await runBounded(program, args, {
      env: childEnv(env),
      // Not the current directory: what lies there is not the user's word on anything.
      cwd: '/',
      input: host.stdin.isTTY === true && person() ? 'inherit' : new Uint8Array(),
      limit: timeout,
      capture: true,
      enough: limit,
      signal: interruption,
      foreground: person(),
    });
    interruption.throwIfAborted();
    if (end.kind === 'not_started') return { kind: end.code === 'ENOENT' ? 'not_found' : 'not_executable' };
    if (end.kind === 'ended' && end.stdout.length > limit) return { kind: 'too_much' };
    return end;
  }

  function askTerminal() {
    if (host.stdin.isTTY !== true || host.stderr.isTTY !== true) return null;
    return async (question: string) => {
      const { askSecret } = await import('../ui/ask-secret.js');
      return askSecret(question, host.stdin, host.stderr, interruption);
    };
  }

  function asking(what: string) {
    return { env, what, readFile: files.read, terminal: askTerminal(), ...(turn && { turn }) };
  }

  async function passphraseOf(what: string, { file, descriptor }: PassphraseFrom): Promise<PassphraseParts> {
    const [{ askPassphrase }, { readDescriptor }] = await Promise.all([
      import('../services/keys/ask-passphrase.js'),
      import('../system/files/secret-input.js'),
    ]);
    const way: PassphraseWay =
      descriptor !== null
        ? { kind: 'descriptor', descriptor }
        : file !== null
          ? { kind: 'file', path: resolve(file) }
          : { kind: 'terminal' };
    return askPassphrase({ ...asking(what), readDescriptor }, way);
  }

  async function passphrase(
    file: string | null,
    named: NamedWay | null,
    explicit: boolean,
  ): Promise<PassphraseParts> {
    const [{ askPassphrase, passphraseWay }, { readDescriptor }] = await Promise.all([
      import('../services/keys/ask-passphrase.js'),
      import('../system/files/secret-input.js'),
    ]);
    const descriptor = named !== null && 'descriptor' in named ? named.descriptor : null;
    const way: PassphraseWay =
      named !== null && 'known' in named
        ? { kind: 'known', passphrase: new Secret(named.known) }
        : passphraseWay(env, { descriptor, file: explicit ? file : null }, file);
    const asked = askPassphrase({ ...asking('the vault'), readDescriptor }, way);
    // One that lies in a file is read there by whoever needs it.
    given = way.kind === 'file' ? () => null : asked.given;
    return asked;
  }

  function parts(named: NamedWay | null, explicit: boolean): KeySourceParts {
    return {
      files,
      keyFile: paths.keyFile,
      keychain: () =>
        systemKeychain({ host, clock, timeouts: KEYCHAIN_TIMEOUTS, interactive: person, notice }),
      isFirstRun: () => !files.exists(paths.database),
      credential: {
        folder: env['CREDENTIALS_DIRECTORY'],
        read: async (path, limit) =>
          (await import('../system/files/secret-input.js')).readCredential(path, limit, host.uid),
      },
      command: {
        run,
        patience: () => COMMAND_PATIENCE[person() ? 'withPerson' : 'alone'],
        configFile: explicit ? null : paths.configFile,
      },
      passphrase: (file) => passphrase(file, named, explicit),
    };
  }

  return {
    source: (setting, named = null, explicit = false) => keySourceFor(setting, parts(named, explicit)),
    async usual(kind) {
      const setting = USUAL.find((each) => each.kind === kind);
      return setting === undefined ? null : keySourceFor(setting, parts(null, false));
    },
    async storing(kind) {
      if (kind !== 'keychain' && kind !== 'file') return null;
      const source = await keySourceFor(
        kind === 'file' ? { kind, path: null } : { kind },
        parts(null, false),
      );
      return source.keys === 'stored' ? source : null;
    },
    passphraseOf,
    passphrase: () => given(),
  };
}
