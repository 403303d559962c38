import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { assertNoDebugger, ignoredVariable } from './config/runtime.js';
import type { Context } from './context.js';
import { asVaultError } from './domain/error-forms.js';
import { EXIT_CODES, VaultError } from './domain/errors.js';
import { command } from './domain/hints.js';
import { nameStartedBy, programName, startedAs } from './domain/invocation.js';
import { OWN_PROCESSES } from './domain/own-processes.js';
import type { Host, TakeSignals } from './system/contract.js';
import type { Io } from './ui/io.js';

/** Where an archive or a Debian package has the Node that it brings. */
const OWN_NODE = join(import.meta.dirname, '..', '..', 'runtime', 'node');

/**
 * The running process as the rest of the program sees it. A stream is opened when it is first used, because each costs time.
 *
 * @param settings variables to set on top of the environment
 * @param takeSignals null in the library, which does not own the process
 * @throws VaultError `vault_permissions` when it runs with the rights of two users
 */
export function thisProcess(
  interruption: AbortSignal,
  script: string | null,
  settings: Host['env'] = {},
  takeSignals: TakeSignals | null = null,
): Host {
  assertNotSetuid();
  const ownNode = process.execPath === OWN_NODE;
  return {
    env: { ...process.env, ...settings },
    platform: process.platform,
    versions: process.versions,
    // Files belong to the effective user.
    uid: process.geteuid?.(),
    pid: process.pid,
    parentPid: process.ppid,
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return process.stdout;
    },
    get stderr() {
      return process.stderr;
    },
    // The script is then a launcher, whose path stays when an update brings another Node.
    self: script === null ? null : ownNode ? [script] : [process.execPath, script],
    ownNode,
    interruption,
    takeSignals,
  };
}

/**
 * Refuses to run set-user-ID or set-group-ID: files would be made by one user in the folders of another, who could not use
 * them.
 */
function assertNotSetuid(): void {
  const { getuid, geteuid, getgid, getegid } = process;
  if (getuid?.() === geteuid?.() && getgid?.() === getegid?.()) return;
  throw new VaultError(
    'vault_permissions',
    'this process has the rights of two users or groups, so one of them could not use the files it makes',
    { hint: `run it as one user:\nsudo -u '#${getuid?.()}' -H ${command('list')}` },
  );
}

/** Browsers and keychain helpers inherit the environment, and need no client secret. */
function hideSecretsFromChildren(): void {
  for (const name of Object.keys(process.env)) {
    if (name.endsWith('_CLIENT_SECRET')) delete process.env[name];
  }
}

/** Signals that this program ignores, and that a program run by `exec` may handle. */
const IGNORED_SIGNALS: readonly NodeJS.Signals[] = ['SIGQUIT', 'SIGUSR2', 'SIGALRM'];

/** How long a process that is done may take to end, in milliseconds. */
const BY_ITSELF = 250;

/** How long what is in flight may take after an interruption: longer than any single request. */
const GRACE = 70_000;

/**
 * The command line, from arguments to exit code. Sets `process.exitCode` and lets the process end by itself, because
 * leaving at once would cut output that a slow reader has not taken yet.
 */
export async function main(): Promise<void> {
  process.umask(0o077);
  const interruption = new AbortController();
  const takeSignals = listenForSignals(interruption);
  const argv = [...calledAs(process.argv[1] ?? ''), ...process.argv.slice(2)];
  startedAs({ name: nameStartedBy(process.argv[1]) });
  let io: Io | null = null;
  try {
    const host = thisProcess(interruption.signal, process.argv[1] ?? null, {}, takeSignals);
    hideSecretsFromChildren();
    // Node and every library in this process ignore it too; a warning follows below.
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    assertNoDebugger(process.env, process.execArgv);
    if (argv.length === 1 && argv[0] === OWN_PROCESSES.refresher)
      return await (await import('./refresher.js')).runAsRefresher(host);
    if (argv.length === 1 && argv[0] === OWN_PROCESSES.keychain)
      return await (await import('./system/keychain/helper.js')).runAsKeychainHelper(host, () =>
        leaveAtOnce(1),
      );
    const parsed = await parse(argv, host);
    if (parsed.kind === 'text') {
      process.stdout.write(parsed.text);
      return;
    }
    const [{ createIo }, { createContext }] = await Promise.all([
      import('./ui/create-io.js'),
      import('./context.js'),
    ]);
    const { command, input, globals } = parsed;
    startedAs({ profile: globals.profile });
    if (globals.envFile !== null)
      (await import('./access/settings-file.js')).refuseLeadingSettings(host, globals.envFile);
    const directly = host.platform === 'win32' ? {} : { writeDirectly: writeToStdout, reader };
    const made = createIo({ host, ...globals, ...directly, now: Date.now });
    io = made;
    const ignored = ignoredVariable(host.env);
    if (ignored !== null) made.warn(`${programName()}: ${ignored}`);
    const { profile, envFile } = globals;
    await running(
      createContext(host, {
        profile,
        envFile,
        mayAsk: command.neverAsks !== true,
        notice(line, hint) {
          made.warn(`${programName()}: ${line}`);
          for (const step of hint?.split('\n') ?? []) made.warn(`hint: ${step}`);
        },
        detail: (line) => made.detail(`${programName()}: ${line}`),
      }),
      (ctx) => command.run(ctx, input, made),
    );
    await io.finish();
    if (command.ignoresLateSignal !== true) interruption.signal.throwIfAborted();
    process.exitCode = io.exitCode;
  } catch (failure) {
    await fail(stoppedBy(interruption.signal, failure), argv, io);
  }
}

/** The command behind the names by which git, docker and terraform call their helpers. */
function calledAs(script: string): readonly string[] {
  const [, tool] = /[\\/](git-credential|docker-credential|terraform-credentials)-vault$/.exec(script) ?? [];
  return tool === undefined ? [] : ['helper', tool.split('-', 1)[0] as string];
}

/**
 * Writes to file descriptor 1 directly: on a pipe, opening `process.stdout` costs about a fifth as much as starting Node. What
 * fails here fails again on the stream, which handles it.
 *
 * @returns what was not written
 */
function writeToStdout(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'utf8');
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
  } catch {}
  return bytes.subarray(written);
}

const reader = async () => (await import('./system/stdin-reader.js')).stdinReader(process);

async function parse(argv: readonly string[], host: Host) {
  const { fastParse } = await import('./fast-lane.js');
  const parsed = await fastParse(argv);
  if (parsed !== null) return parsed;
  const [{ parseProgram }, { themeFor }] = await Promise.all([
    import('./program.js'),
    import('./ui/theme.js'),
  ]);
  return parseProgram(argv, themeFor(host.stdout, host.env));
}

async function running(ctx: Context, action: (ctx: Context) => Promise<void>): Promise<void> {
  try {
    await action(ctx);
  } finally {
    await ctx.close();
  }
}

/**
 * A failure while a command is being stopped is reported as the interruption, unless its own error says how far the command
 * got.
 */
function stoppedBy({ aborted, reason }: AbortSignal, failure: unknown): unknown {
  return aborted && asVaultError(failure).code !== asVaultError(reason).code ? reason : failure;
}

async function fail(failure: unknown, argv: readonly string[], io: Io | null): Promise<void> {
  const error = asVaultError(failure);
  const [{ renderError }, { askedView }, { themeFor }] = await Promise.all([
    import('./ui/error-view.js'),
    import('./commands/spec.js'),
    import('./ui/theme.js'),
  ]);
  const view =
    io === null
      ? { ...askedView(argv), theme: themeFor(process.stderr, process.env), width: process.stderr.columns }
      : { json: io.json && !io.gaveDocument, verbose: io.verbose, theme: io.talkTheme, width: io.talkWidth };
  const { stdout, stderr } = renderError(error, view);
  if (stdout !== undefined) process.stdout.write(stdout);
  if (stderr !== undefined) process.stderr.write(stderr);
  process.exitCode = error.exitCode;
  // A native call that hangs would keep the process running for ever; any other process has ended by then.
  if (isStuck(error)) setTimeout(() => leaveAtOnce(error.exitCode), BY_ITSELF).unref();
}

/** Whether a keychain call is still running, also as the cause of another error. */
function isStuck({ code, cause }: VaultError): boolean {
  return code === 'key_timed_out' || (cause instanceof VaultError && isStuck(cause));
}

/**
 * The answer to a request that was sent must be received, or the refresh token in it is lost. So a signal asks the command
 * to stop, and the process is ended only if it has not stopped long afterwards. While `exec` runs a program, signals go to
 * that program.
 */
function listenForSignals(interruption: AbortController): TakeSignals {
  let taker: Parameters<TakeSignals>[0] | null = null;
  const stop = (code: 'interrupted' | 'terminated') => () => {
    if (interruption.signal.aborted) return;
    interruption.abort(new VaultError(code, code));
    setTimeout(() => leaveAtOnce(EXIT_CODES[code]), GRACE).unref();
  };
  const listen = (signal: NodeJS.Signals, own: () => void) =>
    process.on(signal, () => (taker === null ? own() : taker(signal)));
  listen('SIGINT', stop('interrupted'));
  listen('SIGTERM', stop('terminated'));
  listen('SIGHUP', stop('terminated'));
  // Unhandled, it would open Node's debugger, to which every user of this machine could connect.
  if (process.platform !== 'win32') listen('SIGUSR1', () => undefined);
  return (wanted) => {
    taker = wanted;
    for (const signal of IGNORED_SIGNALS) process.on(signal, wanted);
    return () => {
      taker = null;
      for (const signal of IGNORED_SIGNALS) process.off(signal, wanted);
    };
  };
}

/**
 * Ends a process one of whose threads is stuck in a native call: `process.exit` would wait for that thread. Newer versions
 * of Node can replace the process by a program that exits with the right code; on older ones only a signal works.
 */
function leaveAtOnce(code: number): void {
  const { execve } = process as typeof process & { execve?: (file: string, args: string[]) => never };
  if (execve !== undefined && process.platform !== 'win32') execve('/bin/sh', ['sh', '-c', `exit ${code}`]);
  process.kill(process.pid, 'SIGKILL');
}
