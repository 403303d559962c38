import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { isOnPath, runProgram } from '../../access/programs.js';
import type { Change, Consumer, Plan } from '../../consumers/contract.js';
import { CONSUMERS } from '../../consumers/index.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { presentName } from '../../domain/account-names.js';
import { SECOND } from '../../domain/duration.js';
import { isKeyFailure, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { Vault } from '../../vault/vault.js';
import { type NameContext, selectAccount } from '../select-account.js';
import { type TokenContext, token } from '../token/token.js';
import {
  type ChangedFile,
  type Connection,
  keepCopy,
  readConnections,
  writeConnections,
} from './connections.js';
import { edited, type TextChange, undone } from './edit.js';
import { writeTokenFile } from './token-files.js';

export interface ConnectRequest {
  readonly tool: string;
  readonly selector: string | null;
  readonly target: string | null;
  readonly idToken: boolean;
  /** Null: the user's own. */
  readonly mailbox: string | null;
}

export type ConnectContext = NameContext &
  TokenContext &
  Pick<Context, 'files' | 'host' | 'othersFiles' | 'paths' | 'profile' | 'providerOrNull' | 'vault'>;

export interface Prepared {
  readonly account: string;
  readonly plan: Plan;
}

export interface ToolState {
  readonly name: string;
  readonly title: string;
  readonly installed: boolean;
  /** Accounts, by their present names. */
  readonly connected: readonly string[];
  /** The same, each with the host it was connected for. */
  readonly connections: readonly {
    readonly account: string;
    readonly for: string | null;
    /** Whether there is such an account; null where the vault cannot be read. */
    readonly exists: boolean | null;
  }[];
}

const PROGRAM_LIMIT = 20 * SECOND;
const PRIVATE = 0o600;
const EXECUTABLE = 0o700;

/** All consumers: which are installed here, and which accounts they are connected to. */
export async function listTools(
  ctx: Pick<Context, 'accountNames' | 'files' | 'host' | 'paths' | 'vault'>,
): Promise<readonly ToolState[]> {
  const all = readConnections(ctx);
  const present = await presentNames(ctx);
  const exists = await existing(ctx, new Set(all.map(({ account }) => present(account))));
  return Promise.all(
    CONSUMERS.map(async ({ name, title, load }) => {
      const connections = all
        .filter(({ tool }) => tool === name)
        .map(({ account, target }) => ({ account: present(account), for: target }))
        .map((each) => ({ ...each, exists: exists.get(each.account) ?? null }));
      return {
        name,
        title,
        installed: (await load()).programs.some((program) => isOnPath(ctx.host, program)),
        connected: connections.map(({ account }) => account),
        connections,
      };
    }),
  );
}

/** Which of these accounts there are. Empty where the vault cannot be read. */
async function existing(
  { vault: open }: Pick<Context, 'vault'>,
  names: ReadonlySet<string>,
): Promise<ReadonlyMap<string, boolean>> {
  try {
    const vault = names.size === 0 ? null : await open();
    const found = await Promise.all(
      [...names].map(async (name) => {
        const [provider = '', ...label] = name.split('/');
        const account = await vault?.accountByName(provider, label.join('/'));
        return [name, (account ?? null) !== null] as const;
      }),
    );
    return new Map(found);
  } catch (failure) {
    if (failure instanceof VaultError) return new Map();
    throw failure;
  }
}

/** A connection keeps the name that its account had when it was made. */
async function presentNames({ accountNames }: Pick<Context, 'accountNames'>) {
  const names = await accountNames();
  return (name: string) => presentName(names, name) ?? name;
}

/** What to put where. Changes nothing. @throws VaultError as {@link selectAccount}, and `usage` */
export async function prepare(
  ctx: ConnectContext,
  consumer: Consumer,
  { selector, target, idToken, mailbox }: ConnectRequest,
): Promise<Prepared> {
  const { host, profile } = ctx;
  if (host.self === null) throw new VaultError('usage', 'only the command line can connect programs');
  const vault = await ctx.vault();
  const account = await selectAccount(ctx, vault, selector, 'connect');
  const others = await ctx.othersFiles();
  const name = accountName(account);
  const plan = consumer.connect({
    account: name,
    provider: account,
    mailbox: mailbox ?? (consumer.takesMailbox === true ? await emailOf(vault, account) : null),
    mail: (await ctx.providerOrNull(account.provider))?.mail ?? null,
    target,
    idToken,
    self: [...environment(host), ...host.self, ...(profile === null ? [] : ['--profile', profile])],
    env: host.env,
    platform: host.platform,
    home: host.env['HOME'] || homedir(),
    folder: ctx.paths.data,
    exists: (path) => others.read(path) !== null,
  });
  return { account: name, plan };
}

/** A program that is started elsewhere has to find the same vault. */
function environment({ env, platform }: Context['host']): readonly string[] {
  const home = env['VAULT_HOME'] ?? '';
  return home === '' || platform === 'win32' ? [] : ['/usr/bin/env', `VAULT_HOME=${home}`];
}

async function emailOf(
  vault: Vault | null,
  account: Parameters<Vault['identity']>[0],
): Promise<string | null> {
  try {
    return (await vault?.identity(account))?.email ?? null;
  } catch (failure) {
    if (failure instanceof VaultError && isKeyFailure(failure)) return null;
    throw failure;
  }
}

/**
 * Does what the plan says. The files as they were are copied first. Done once more, it changes nothing.
 *
 * @returns the files that were written
 * @throws VaultError `usage` when nothing can be written, `config_invalid`, `vault_not_writable`
 */
export async function install(
  ctx: ConnectContext,
  { tool, target: asked }: ConnectRequest,
  { account, plan }: Prepared,
): Promise<readonly ChangedFile[]> {
  const changes = plan.changes.filter(({ kind }) => kind !== 'shown');
  if (changes.length === 0)
    throw new VaultError(
      'usage',
      `${tool} has no file of its own that could be written: put the lines where you use it`,
      {
        hint: command(`connect ${tool} ${quoted(account)}`),
      },
    );
  const target = plan.target ?? asked;
  const present = await presentNames(ctx);
  const isFor = (each: Connection) => each.tool === tool && each.target === target;
  const isThis = (each: Connection) => isFor(each) && present(each.account) === account;
  const all = readConnections(ctx);
  const rival = all.find((each) => isFor(each) && !isThis(each));
  if (plan.target !== undefined && rival !== undefined)
    throw new VaultError('usage', `${tool} takes its tokens for ${target} from ${rival.account} already`, {
      hint: `${command(`connect ${ownerOf(rival, null)}`)} --remove`,
    });
  await removeAll(ctx, all.filter(isThis));
  const files: ChangedFile[] = [];
  const made: Connection = { tool, account, target, changes, files };
  for (const change of changes) {
    for (const file of await apply(ctx, change, made)) {
      const at = files.findIndex(({ path }) => path === file.path);
      files.splice(at === -1 ? files.length : at, 1, file);
    }
    // After each, so that an interrupted run can be undone.
    writeConnections(ctx, [...readConnections(ctx).filter((each) => !isThis(each)), made]);
  }
  return files;
}

/**
 * Undoes what {@link install} has done. A file that was not changed since is restored byte for byte; from another one only
 * what was added is removed.
 *
 * @returns what was undone
 * @throws VaultError `account_not_found` when it is not connected
 */
export async function disconnect(
  ctx: ConnectContext,
  request: ConnectRequest,
): Promise<readonly Connection[]> {
  const { tool, selector, target } = request;
  const present = await presentNames(ctx);
  const removed = readConnections(ctx).filter(({ account, ...each }) => {
    const names = [account, present(account)];
    const isNamed =
      selector === null ||
      names.includes(present(selector)) ||
      names.some((name) => name.startsWith(`${selector}/`) || name.endsWith(`/${selector}`));
    return (
      each.tool === tool &&
      isNamed &&
      (target === null || (each.target !== null && isWithin(target, each.target)))
    );
  });
  await removeAll(ctx, removed);
  if (removed.length > 0) return removed;
  throw new VaultError('usage', `${tool} is not connected${selector === null ? '' : ` to ${selector}`}`, {
    hint: `to see what is: ${command('connect')}`,
  });
}

/** Whether what was typed names what was connected, which for some programs is only its host. */
function isWithin(typed: string, target: string): boolean {
  const bare = (text: string) =>
    `${text
      .replace(/^[a-z+]+:\/\//i, '')
      .replace(/\/+$/, '')
      .toLowerCase()}/`;
  return bare(typed).startsWith(bare(target));
}

/** The last first: a file is restored to what it was before each. */
async function removeAll(ctx: ConnectContext, gone: readonly Connection[]): Promise<void> {
  for (const connection of [...gone].reverse()) {
    const all = readConnections(ctx);
    const at = all.findIndex((each) => isDeepStrictEqual(each, connection));
    const later = await withoutIt(ctx, connection, all.slice(at + 1));
    const others = [...all.slice(0, Math.max(at, 0)), ...later.connections];
    await undo(ctx, connection, others, later.files);
    writeConnections(ctx, others);
  }
}

/** What is typed after `vault connect`. */
function ownerOf(
  { tool, account, target }: Pick<Connection, 'tool' | 'account' | 'target'>,
  profile: string | null,
): string {
  const words = [tool, account, ...(target === null ? [] : ['--for', target]), ...profileWords(profile)];
  return words.map(quoted).join(' ');
}

function profileWords(profile: string | null): readonly string[] {
  return profile === null ? [] : ['--profile', profile];
}

function isShared(change: Change): boolean {
  return (change.kind === 'lines' || change.kind === 'script') && change.shared === true;
}

/** What is shared belongs to the program, not to one account. */
function ownerOfChange({ profile }: ConnectContext, change: Change, connection: Connection): string {
  return isShared(change)
    ? [connection.tool, ...profileWords(profile)].map(quoted).join(' ')
    : ownerOf(connection, profile);
}

function pathsOf(change: Change): readonly string[] {
  if (change.kind === 'shown' || change.kind === 'token') return [];
  return change.kind === 'commands' ? change.files : [change.file];
}

async function apply(ctx: ConnectContext, change: Change, connection: Connection): Promise<ChangedFile[]> {
  if (change.kind === 'shown') return [];
  if (change.kind === 'token') {
    await writeTokenFile(ctx, change.file, connection.account, (request) => token(ctx, request));
    return [{ path: change.file, copy: null, digest: '' }];
  }
  const others = await ctx.othersFiles();
  const owner = ownerOfChange(ctx, change, connection);
  const paths = pathsOf(change);
  const before = paths.map((path) => others.read(path));
  if (change.kind === 'commands') await runAll(ctx, change.run);
  else {
    const old = before[0]?.toString('utf8') ?? '';
    const text = edited(change, old, owner);
    const mode = change.kind === 'script' ? EXECUTABLE : PRIVATE;
    if (text !== old) others.write(change.file, Buffer.from(text, 'utf8'), mode);
  }
  return paths.map((path, index) => {
    const old = before[index] ?? null;
    const first = firstCopy(ctx, path, change, connection);
    // A copy that lacks what the user has changed since must never be restored.
    const isOutdated = first !== undefined && first.digest !== digestOf(old ?? '');
    const digest = isOutdated ? '' : digestOf(others.read(path) ?? '');
    const name = digestOf(`${ownerOf(connection, null)} ${path}`).slice(0, 16);
    const copy = first !== undefined ? first.copy : old === null ? null : keepCopy(ctx, name, old);
    return { path, copy, digest };
  });
}

/** The file from before is kept once: by this connection, or by the first of those that share the change. */
function firstCopy(
  ctx: ConnectContext,
  path: string,
  change: Change,
  { tool, files }: Connection,
): ChangedFile | undefined {
  const isIt = (file: ChangedFile) => file.path === path;
  const sharing = isShared(change) ? readConnections(ctx).filter((each) => each.tool === tool) : [];
  return files.find(isIt) ?? sharing.flatMap((each) => each.files).find(isIt);
}

/**
 * @param done files that are as if it had never been connected
 */
async function undo(
  ctx: ConnectContext,
  connection: Connection,
  remaining: readonly Connection[],
  done: readonly string[],
): Promise<void> {
  const { changes, files } = connection;
  const others = await ctx.othersFiles();
  const stays = (change: Change) =>
    isShared(change) &&
    remaining.some(
      ({ tool, changes }) =>
        tool === connection.tool && changes.some((each) => isDeepStrictEqual(each, change)),
    );
  const gone = changes.filter((change) => !stays(change));
  const kept = [...changes.filter(stays).flatMap(pathsOf), ...done];
  const isUntouched = ({ path, digest }: ChangedFile) => digestOf(others.read(path) ?? '') === digest;
  const same = files.filter((file) => !kept.includes(file.path) && isUntouched(file));
  for (const change of [...gone].reverse()) {
    if (change.kind === 'token') ctx.files.remove(change.file);
    if (pathsOf(change).every((path) => done.includes(path) || same.some((file) => file.path === path)))
      continue;
    if (change.kind === 'commands') await runAll(ctx, change.undo);
    else if (change.kind !== 'shown' && change.kind !== 'token')
      cut(others, change, ownerOfChange(ctx, change, connection));
  }
  for (const { path, copy } of same) {
    const old = copy === null ? null : ctx.files.read(copy, COPY_LIMIT);
    if (old === null) others.remove(path);
    else others.write(path, old, PRIVATE);
  }
  const needed = remaining.flatMap((each) => each.files.map(({ copy }) => copy));
  for (const { copy } of files) if (copy !== null && !needed.includes(copy)) ctx.files.remove(copy);
}

/**
 * Writes the files that were changed for others later as if this had never been connected, so that the last `--remove` leaves
 * them byte for byte as they were, in whatever order. Left alone are files that the user has changed since, and those that
 * only the program itself can change.
 *
 * @param later what was connected after it
 * @returns these with what is needed now to undo them, and the files that were written
 */
async function withoutIt(
  ctx: ConnectContext,
  { changes, files }: Connection,
  later: readonly Connection[],
): Promise<{ readonly connections: readonly Connection[]; readonly files: readonly string[] }> {
  const others = await ctx.othersFiles();
  const on = (path: string, all: readonly Change[]) => all.filter((each) => pathsOf(each).includes(path));
  const written: string[] = [];
  let connections = later;
  for (const { path, copy } of files) {
    const last = connections.flatMap((each) => each.files).findLast((file) => file.path === path);
    const involved = [...on(path, changes), ...later.flatMap((each) => on(path, each.changes))];
    if (last?.digest !== digestOf(others.read(path) ?? '') || !involved.every(isOwnText)) continue;
    let text = copy === null ? null : (ctx.files.read(copy, COPY_LIMIT)?.toString('utf8') ?? null);
    connections = connections.map((each) => {
      const file = each.files.find((one) => one.path === path);
      if (file === undefined) return each;
      const before = text;
      for (const change of on(path, each.changes).filter(isOwnText))
        text = edited(change, text ?? '', ownerOfChange(ctx, change, each));
      const rebased = { ...file, copy: replacedCopy(ctx, file, before), digest: digestOf(text ?? '') };
      return { ...each, files: each.files.map((one) => (one === file ? rebased : one)) };
    });
    others.write(path, Buffer.from(text ?? '', 'utf8'), PRIVATE);
    written.push(path);
  }
  return { connections, files: written };
}

/** @param before what it holds from now on; null: there was no file */
function replacedCopy(ctx: ConnectContext, { copy }: ChangedFile, before: string | null): string | null {
  if (copy === null) return null;
  if (before === null) ctx.files.remove(copy);
  else ctx.files.replace(copy, Buffer.from(before, 'utf8'));
  return before === null ? null : copy;
}

function isOwnText(change: Change): change is TextChange {
  return (change.kind === 'lines' || change.kind === 'json') && !isShared(change);
}

const COPY_LIMIT = 4 * 1024 * 1024;

function cut(others: Awaited<ReturnType<Context['othersFiles']>>, change: TextChange, owner: string): void {
  const now = others.read(change.file)?.toString('utf8');
  if (now === undefined) return;
  const text = undone(change, now, owner);
  if (text === '') others.remove(change.file);
  else if (text !== now) others.write(change.file, Buffer.from(text, 'utf8'), PRIVATE);
}

async function runAll({ host }: ConnectContext, commands: readonly (readonly string[])[]): Promise<void> {
  for (const [program = '', ...args] of commands) {
    const end = await runProgram(host, program, args, { input: new Uint8Array(), limit: PROGRAM_LIMIT });
    if (end.kind === 'ended' && end.exitCode === 0) continue;
    const missing = end.kind === 'not_started';
    throw new VaultError(
      'config_invalid',
      missing ? `${program} is not installed here` : `${program} failed`,
      {
        hint: `to see why: ${[program, ...args].map(quoted).join(' ')}`,
      },
    );
  }
}

function digestOf(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
