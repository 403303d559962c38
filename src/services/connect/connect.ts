import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { isOnPath, runProgram } from '../../access/programs.js';
import type { Change, Consumer, Plan } from '../../consumers/contract.js';
import { CONSUMERS } from '../../consumers/index.js';
import type { Context } from '../../context.js';
import { accountName } from '../../domain/account.js';
import { SECOND } from '../../domain/duration.js';
import { isKeyFailure, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { Vault } from '../../vault/vault.js';
import { type NameContext, selectAccount } from '../select-account.js';
import {
  type ChangedFile,
  type Connection,
  keepCopy,
  readConnections,
  writeConnections,
} from './connections.js';
import { edited, type TextChange, undone } from './edit.js';

export interface ConnectRequest {
  readonly tool: string;
  readonly selector: string | null;
  readonly target: string | null;
}

export type ConnectContext = NameContext &
  Pick<Context, 'files' | 'host' | 'othersFiles' | 'paths' | 'profile' | 'vault'>;

export interface Prepared {
  readonly account: string;
  readonly plan: Plan;
}

export interface ToolState {
  readonly name: string;
  readonly title: string;
  readonly installed: boolean;
  readonly connected: readonly string[];
}

const PROGRAM_LIMIT = 20 * SECOND;
const PRIVATE = 0o600;
const EXECUTABLE = 0o700;

/** All consumers: which are installed here, and which accounts they are connected to. */
export async function listTools(
  ctx: Pick<Context, 'files' | 'host' | 'paths'>,
): Promise<readonly ToolState[]> {
  const connections = readConnections(ctx);
  return Promise.all(
    CONSUMERS.map(async ({ name, title, load }) => ({
      name,
      title,
      installed: (await load()).programs.some((program) => isOnPath(ctx.host, program)),
      connected: connections.filter(({ tool }) => tool === name).map(({ account }) => account),
    })),
  );
}

/** What to put where. Changes nothing. @throws VaultError as {@link selectAccount}, and `usage` */
export async function prepare(
  ctx: ConnectContext,
  consumer: Consumer,
  { selector, target }: ConnectRequest,
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
    email: await emailOf(vault, account),
    target,
    self: [...environment(host), ...host.self, ...(profile === null ? [] : ['--profile', profile])],
    env: host.env,
    platform: host.platform,
    home: host.env['HOME'] || homedir(),
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
  { tool, target }: ConnectRequest,
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
  await remove(ctx, { tool, selector: account, target });
  const files: ChangedFile[] = [];
  const note = () =>
    writeConnections(ctx, [
      ...readConnections(ctx).filter((each) => !isSame(each, tool, account, target)),
      made,
    ]);
  const made: Connection = { tool, account, target, changes, files };
  for (const change of changes) {
    files.push(...(await apply(ctx, change, ownerOf(made))));
    // After each, so that an interrupted run can be undone.
    note();
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
  const removed = await remove(ctx, request);
  if (removed.length > 0) return removed;
  throw new VaultError(
    'usage',
    `${request.tool} is not connected${request.selector === null ? '' : ` to ${request.selector}`}`,
    {
      hint: `to see what is: ${command('connect')}`,
    },
  );
}

async function remove(
  ctx: ConnectContext,
  { tool, selector, target }: ConnectRequest,
): Promise<readonly Connection[]> {
  const all = readConnections(ctx);
  const gone = all.filter((each) => isSame(each, tool, selector, target));
  // The last first: a file is restored to what it was before each.
  for (const connection of [...gone].reverse()) await undo(ctx, connection);
  if (gone.length > 0)
    writeConnections(
      ctx,
      all.filter((each) => !gone.includes(each)),
    );
  return gone;
}

function isSame(
  connection: Connection,
  tool: string,
  account: string | null,
  target: string | null,
): boolean {
  return (
    connection.tool === tool &&
    (account === null || connection.account === account || connection.account.startsWith(`${account}/`)) &&
    (target === null || connection.target === target)
  );
}

/** What is typed after `vault connect`. */
function ownerOf({ tool, account, target }: Connection): string {
  return [tool, account, ...(target === null ? [] : ['--for', target])].map(quoted).join(' ');
}

async function apply(ctx: ConnectContext, change: Change, owner: string): Promise<ChangedFile[]> {
  if (change.kind === 'shown') return [];
  const others = await ctx.othersFiles();
  const paths = change.kind === 'commands' ? change.files : [change.file];
  const before = paths.map((path) => others.read(path));
  if (change.kind === 'commands') await runAll(ctx, change.run);
  else {
    const text = edited(change, before[0]?.toString('utf8') ?? '', owner);
    others.write(change.file, Buffer.from(text, 'utf8'), change.kind === 'script' ? EXECUTABLE : PRIVATE);
  }
  return paths.map((path, index) => {
    const old = before[index] ?? null;
    const copy = old === null ? null : keepCopy(ctx, digestOf(`${owner} ${path}`).slice(0, 16), old);
    return { path, copy, digest: digestOf(others.read(path) ?? '') };
  });
}

async function undo(ctx: ConnectContext, connection: Connection): Promise<void> {
  const { changes, files } = connection;
  const others = await ctx.othersFiles();
  const untouched = (path: string) => {
    const file = files.find((each) => each.path === path);
    return file !== undefined && digestOf(others.read(path) ?? '') === file.digest ? file : null;
  };
  for (const change of [...changes].reverse()) {
    if (change.kind === 'shown') continue;
    const paths = change.kind === 'commands' ? change.files : [change.file];
    const same = paths.map(untouched).filter((file) => file !== null);
    if (same.length === paths.length) {
      for (const { path, copy } of same) {
        const old = copy === null ? null : ctx.files.read(copy, COPY_LIMIT);
        if (old === null) others.remove(path);
        else others.write(path, old, PRIVATE);
      }
    } else if (change.kind === 'commands') await runAll(ctx, change.undo);
    else cut(others, change, ownerOf(connection));
  }
  for (const { copy } of files) if (copy !== null) ctx.files.remove(copy);
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
