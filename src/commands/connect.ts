import type { Change } from '../consumers/contract.js';
import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import {
  type ConnectRequest,
  disconnect,
  install,
  listTools,
  type Prepared,
  prepare,
  type ToolState,
} from '../services/connect/connect.js';
import type { Column, Io } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import { checkTool, consumerOf, ID_TOKEN_OPTION, idTokenFor, TOOLS } from './helper.js';
import type { Command } from './spec.js';
import { given, names, text } from './spec.js';

type ConnectInput =
  | { readonly action: 'list' }
  | { readonly action: 'show' | 'install' | 'remove'; readonly request: ConnectRequest };

export const connect: Command<ConnectInput> = {
  arguments: [
    { name: 'tool', description: 'the program to connect; without it, list all', values: TOOLS },
    { name: 'account', description: 'account name, provider, or unique prefix', values: 'account' },
  ],
  options: [
    { flags: '--for <host>', description: 'the host, registry or URL that the program calls' },
    { flags: '--user <mailbox>', description: "mail clients: another mailbox than the account's own" },
    ID_TOKEN_OPTION,
    { flags: '--install', description: 'write the configuration instead of printing it' },
    { flags: '--remove', description: 'undo what --install has written' },
  ],
  examples: {
    connect: 'list the programs: which are installed here, and which are connected',
    'connect git github/me': 'print what to put where; change nothing',
    'connect git github/me --install': 'write it; a copy of the file from before is kept',
    'connect git github/me --remove': 'undo it',
  },

  parse(raw) {
    const [tool, selector = null] = names(raw, 'an argument');
    const [wantsInstall, wantsRemove] = [given(raw, '--install'), given(raw, '--remove')];
    if (wantsInstall && wantsRemove)
      throw new VaultError('usage', '--install and --remove contradict each other');
    const target = checkTarget(text(raw, '--for'));
    if (tool === undefined) {
      if (wantsInstall || wantsRemove || target !== null)
        throw new VaultError('usage', 'name the program to connect', { hint: command('connect') });
      return { action: 'list' };
    }
    const mailbox = text(raw, '--user');
    const request = { tool: checkTool(tool), selector, target, idToken: idTokenFor(raw, tool), mailbox };
    return { action: wantsInstall ? 'install' : wantsRemove ? 'remove' : 'show', request };
  },

  async run(ctx, input, io) {
    if (input.action === 'list') return printTools(await listTools(ctx), io);
    const { action, request } = input;
    if (action === 'remove') return printRemoved(request.tool, await disconnect(ctx, request), io);
    const consumer = await consumerOf(request.tool);
    if (request.mailbox !== null && consumer.takesMailbox !== true)
      throw new VaultError('usage', `--user is for mail clients: ${request.tool} opens no mailbox`);
    const prepared = await prepare(ctx, consumer, request);
    if (action === 'show') return printPlan(request, prepared, io);
    const files = await install(ctx, request, prepared);
    if (io.json) {
      const written = files.map(({ path, copy }) => ({ path, copy }));
      return io.document({ tool: request.tool, account: prepared.account, files: written });
    }
    io.say(`${request.tool} is connected to ${prepared.account}`, 'green');
    for (const { path, copy } of files)
      io.say(copy === null ? `wrote ${path}` : `changed ${path}; a copy from before is in ${copy}`);
    for (const note of prepared.plan.notes) io.say(note);
    const target = prepared.plan.target ?? request.target;
    io.say(`undo: ${command(`connect ${wordsFor({ ...request, target }, prepared)} --remove`)}`);
  },
};

/** What is needed to write the same again, and not to undo it. */
function optionsOf({ idToken, mailbox }: ConnectRequest): string {
  return `${idToken ? ' --id-token' : ''}${mailbox === null ? '' : ` --user ${quoted(mailbox)}`}`;
}

/** An account may be connected for several hosts. */
function wordsFor({ tool, target }: ConnectRequest, { account }: Prepared): string {
  return [tool, account, ...(target === null ? [] : ['--for', target])].map(quoted).join(' ');
}

/** It becomes a part of other programs' files. @throws VaultError `usage` */
function checkTarget(target: string | null): string | null {
  if (target === null || /^(?:\/\/)?[A-Za-z0-9[][\w.:[\]/@%+-]*$/.test(target)) return target;
  throw new VaultError('usage', '--for takes a host, a registry or a URL, without spaces or quotes');
}

const COLUMNS: readonly Column[] = [
  { title: 'TOOL' },
  { title: 'WHAT', shrink: true },
  { title: 'INSTALLED' },
  { title: 'CONNECTED TO', shrink: true },
];

function printTools(tools: readonly ToolState[], io: Io): void {
  if (io.json) {
    io.document({ tools });
    return;
  }
  printTable(
    io,
    COLUMNS,
    tools.map(({ name, title, installed, connections }) => [
      name,
      title,
      installed ? 'yes' : '-',
      connections
        .map(({ account, for: host, exists }) => {
          const about = [host ?? [], exists === false ? 'no such account' : []].flat();
          return about.length === 0 ? account : `${account} (${about.join('; ')})`;
        })
        .join(', ') || '-',
    ]),
  );
  io.say(`what to put where, for one of them: ${command('connect TOOL')}`, 'dim');
}

function printPlan(request: ConnectRequest, prepared: Prepared, io: Io): void {
  const { tool, target } = request;
  const { account, plan } = prepared;
  if (io.json) {
    io.document({ tool, account, for: target, changes: plan.changes, notes: plan.notes });
    return;
  }
  const blocks = plan.changes.flatMap((change) => ['', heading(change), ...bodyOf(change).map(indented)]);
  io.data(`${[io.theme.bold(`${tool} for ${account}`), ...blocks].join('\n')}\n`);
  io.say('');
  for (const note of plan.notes) io.say(note);
  if (plan.changes.some(({ kind }) => kind !== 'shown'))
    io.say(
      `to write it: ${command(`connect ${wordsFor(request, prepared)}${optionsOf(request)} --install`)}`,
    );
}

function heading(change: Change): string {
  switch (change.kind) {
    case 'lines':
      return `add to ${change.file}:`;
    case 'json':
      return change.path.length === 0 ? `make the file ${change.file}:` : `set in ${change.file}:`;
    case 'script':
      return `make the program ${change.file} (chmod 700):`;
    case 'token':
      return `a file with the token, which the agent keeps fresh: ${change.file}`;
    case 'commands':
      return 'run:';
    case 'shown':
      return `${change.where}:`;
  }
}

function bodyOf(change: Change): readonly string[] {
  if (change.kind === 'commands') return change.run.flatMap(brokenCommand);
  if (change.kind === 'token') return [];
  if (change.kind !== 'json') return change.lines;
  const nested = change.path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), change.value);
  return JSON.stringify(nested, null, 2).split('\n');
}

/** A command that is too long for a line has one for each option, as one would type it. */
function brokenCommand(words: readonly string[]): readonly string[] {
  const whole = words.map(quoted).join(' ');
  const options = words.findIndex((word) => word.startsWith('-'));
  if (whole.length < LINE || options < 1) return [whole];
  const parts = [words.slice(0, options), ...words.slice(options).map((word) => [word])];
  const lines = parts.map((part, at) => `${at === 0 ? '' : '  '}${part.map(quoted).join(' ')}`);
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}

const LINE = 78;

function indented(line: string): string {
  return line === '' ? '' : `  ${line}`;
}

function printRemoved(tool: string, removed: readonly { readonly account: string }[], io: Io): void {
  const accounts = removed.map(({ account }) => account);
  if (io.json) io.document({ tool, removed: accounts });
  else for (const account of accounts) io.say(`${tool} is no longer connected to ${account}`, 'green');
}
