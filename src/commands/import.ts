import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { closest } from '../domain/closest.js';
import { EXIT_CODES, VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { programName } from '../domain/invocation.js';
import { checkLabel } from '../domain/label.js';
import { quoted } from '../domain/safe-text.js';
import { readable } from '../domain/scopes.js';
import { Secret } from '../domain/secret.js';
import { count } from '../domain/wording.js';
import { IMPORTERS } from '../imports/index.js';
import { called } from '../imports/reading.js';
import {
  type FoundFile,
  findFiles,
  type ImportRequest,
  type ImportResult,
  type ImportTalk,
  importLogins,
} from '../services/import/import.js';
import type { Column, Io } from '../ui/io.js';
import { printTable } from '../ui/layout.js';
import { hintLines } from './account-view.js';
import { readSecretText } from './secret-file.js';
import type { Command } from './spec.js';
import { given, names, text } from './spec.js';
import { vaultOrAsk } from './vault-or-ask.js';

interface ImportInput {
  /** Null: look for files. */
  readonly request: ImportRequest | null;
  readonly passwordFile: string | null;
}

const TOOLS = IMPORTERS.map(({ name }) => name);

export const importCommand: Command<ImportInput> = {
  arguments: [
    {
      name: 'tool',
      description: 'the tool to import from; without it, list the files of all tools',
      values: TOOLS,
    },
    {
      name: 'file',
      description: 'the file of the tool (- is stdin); default: where the tool keeps it',
      values: 'file',
    },
  ],
  options: [
    { flags: '--provider <name>', description: 'the provider that the logins belong to', values: 'provider' },
    { flags: '--as <name>', description: 'name the account PROVIDER/NAME' },
    {
      flags: '--password-file <path>',
      description: 'read the password of an encrypted file from this file; default: ask',
      values: 'file',
    },
    { flags: '--dry-run', description: 'show what would happen; store and send nothing' },
  ],
  examples: {
    import: 'list the files of other tools on this machine, with the command for each',
    'import mutt-oauth2 ~/.config/mutt/token --dry-run': 'show what would happen; send nothing',
    'import mutt-oauth2 ~/.config/mutt/token': 'take the login over, and refresh it once',
    'import google-auth token.json --provider google': 'say to which provider it belongs',
  },

  parse(raw) {
    const [tool, file = null] = names(raw, 'an argument');
    const passwordFile = text(raw, '--password-file');
    const as = text(raw, '--as');
    const provider = text(raw, '--provider');
    const dryRun = given(raw, '--dry-run');
    if (tool === undefined) {
      if (passwordFile !== null || as !== null || provider !== null || dryRun)
        throw new VaultError('usage', 'name the tool to import from', { hint: command('import') });
      return { request: null, passwordFile };
    }
    if (file === '-' && passwordFile === '-')
      throw new VaultError('usage', 'stdin is either the file or its password, not both');
    const request = {
      tool: checkTool(tool),
      file,
      provider,
      as: as === null ? null : checkLabel(as),
      dryRun,
    };
    return { request, passwordFile };
  },

  async run(ctx, { request, passwordFile }, io) {
    if (request === null) return printFound(await findFiles(ctx), io);
    const talk: ImportTalk = {
      stdin: (limit) => readAll(ctx.host.stdin, ctx.interruption, limit),
      async password(question) {
        if (passwordFile !== null) return new Secret(await readSecretText(ctx, io, passwordFile));
        if (io.interactive && !io.json && request.file !== '-') return io.askHidden(question);
        throw new VaultError(
          'usage',
          'the file is encrypted, and there is no terminal to ask for its password',
          {
            hint: 'put the password into a file that only you can read, and add --password-file FILE',
          },
        );
      },
      // Other programs run in another folder.
      passwordFile: passwordFile === null || passwordFile === '-' ? passwordFile : resolve(passwordFile),
      interactive: io.interactive && !io.json && request.file !== '-',
    };
    const asking = {
      ...ctx,
      vaultOrNew: () => vaultOrAsk(ctx, io, 'no vault was made, so nothing was imported'),
    };
    printResults(request, await importLogins(asking, request, talk), io);
  },
};

/** @throws VaultError `usage` */
function checkTool(name: string): string {
  if (TOOLS.includes(name)) return name;
  const guess = closest(name, TOOLS);
  throw new VaultError('usage', `${programName()} cannot import from ${name}`, {
    hint:
      guess === null
        ? `the tools: ${TOOLS.join(', ')}`
        : `did you mean ${guess}? to see the files of all tools: ${command('import')}`,
  });
}

/** Bytes and not lines: what gpg and pizauth write is no text. */
async function readAll(input: Readable, signal: AbortSignal, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of addAbortSignal(signal, input)) {
      chunks.push(Buffer.from(chunk));
      size += chunk.length;
      if (size > limit)
        throw new VaultError('usage', 'the input on stdin is too long to be the file of a tool');
    }
  } catch (failure) {
    signal.throwIfAborted();
    if (failure instanceof VaultError) throw failure;
    throw new VaultError('usage', 'stdin cannot be read', { cause: failure });
  }
  return Buffer.concat(chunks);
}

const FOUND_COLUMNS: readonly Column[] = [
  { title: 'TOOL' },
  { title: 'LOGINS', shrink: true },
  { title: 'PROVIDER' },
  { title: 'FILE', shrink: true },
];

function printFound(found: readonly FoundFile[], io: Io): void {
  if (io.json) {
    io.document({ found });
    return;
  }
  if (found.length === 0) {
    io.say('no files of other tools were found where they usually are');
    io.say(`to name one: ${command('import TOOL FILE')}`, 'dim');
    io.say(`the tools: ${TOOLS.join(', ')}`, 'dim');
    return;
  }
  printTable(
    io,
    FOUND_COLUMNS,
    found.map(({ tool, file, logins, why }) => [
      tool,
      why !== null
        ? 'not imported'
        : logins === null
          ? 'encrypted'
          : logins.map(({ name }) => name ?? '-').join(', '),
      [...new Set((logins ?? []).map(({ provider }) => provider ?? '-'))].join(', ') || '-',
      file,
    ]),
  );
  for (const { title, why, command: line } of found) {
    if (why !== null) io.say(`${title}: ${why}`);
    if (line !== null) io.say(`${why === null ? `to import from ${title}` : 'instead'}: ${line}`);
  }
}

function printResults(request: ImportRequest, results: readonly ImportResult[], io: Io): void {
  const failures = results.flatMap(({ error }) => (error === null ? [] : [error]));
  const [first] = failures;
  if (io.json) {
    io.document({ tool: request.tool, dry_run: request.dryRun, results: results.map(documentOf) });
    if (first !== undefined) io.exitCode = results.length === 1 ? first.exitCode : EXIT_CODES.some_failed;
    return;
  }
  for (const result of results) printResult(request, result, io);
  if (first === undefined) return;
  if (results.length === 1) throw first;
  for (const { name, error } of results) {
    if (error === null) continue;
    io.warn(`${name ?? 'a login'}: ${error.message}`, 'red');
    for (const line of hintLines(error.hint)) io.warn(line);
  }
  throw new VaultError(
    'some_failed',
    `${failures.length} of ${count(results.length, 'login')} could not be imported`,
  );
}

/** The keys are an API: new ones may be added, none removed. */
function documentOf({ cleanUp, error, name, beside, ...result }: ImportResult) {
  return {
    file: result.file,
    name,
    provider: result.provider,
    account: result.account,
    outcome: result.outcome,
    identified: result.identified,
    beside: beside?.account ?? null,
    client_stored: result.written,
    clean_up: cleanUp,
    error:
      error === null
        ? null
        : { code: error.code, message: error.message, hint: error.hint ?? null, exit_code: error.exitCode },
  };
}

function printResult(request: ImportRequest, result: ImportResult, io: Io): void {
  const { outcome, account, provider, name, written, beside } = result;
  const file = called(result.file);
  const login = name === null ? `the login in ${file}` : `the login ${name} in ${file}`;
  if (written.length > 0)
    io.say(`${request.dryRun ? 'would store' : 'stored'} the client: ${written.join(', ')}`);
  if (account !== null && !request.dryRun) io.data(`${account}\n`);
  switch (outcome) {
    case 'failed':
      return;
    case 'set_up':
      io.say(
        `${login} has no refresh token, so log in to ${provider}: ${command(`login ${quoted(provider ?? '')}`)}`,
      );
      for (const line of result.cleanUp) io.say(line);
      return;
    case 'would_set_up':
      io.say(`${login} has no refresh token, so it needs a login to ${provider}`);
      return;
    case 'would_import':
      io.say(`would import ${login} into ${provider}, and refresh it once`);
      break;
    case 'imported_before':
      io.say(`${login} was imported before, into ${account}; nothing was sent`);
      break;
    case 'added':
      io.say(`imported ${login}: added ${account}`, 'green');
      break;
    case 'updated':
      io.say(`imported ${login}: ${account} needed a login and now has this grant`, 'green');
      break;
    case 'kept':
      io.say(
        `${account} has a working grant with all scopes of ${login}; it was kept, and the older one dropped`,
      );
      break;
    case 'kept_beside':
      io.say(`imported ${login}: added ${account}`, 'green');
  }
  if (beside !== null) {
    const why =
      beside.lacks.length === 0
        ? 'could not be refreshed now'
        : `has a grant without ${readable(beside.lacks.join(' '))}`;
    io.say(`${beside.account} ${why}, so it was kept as well`);
  }
  if (!result.identified) {
    io.say(`${provider} does not report the user, so the account has the name in the file`);
    io.say(`to have it confirmed: ${command(`login ${quoted(account ?? '')}`)}`);
  }
  if (result.cleanUp.length > 0) {
    io.say(
      outcome === 'kept'
        ? `to find out whose it is, it was refreshed once: where ${provider} replaces refresh tokens, the one that ${request.tool} has no longer works`
        : 'two programs must not use one refresh token: where the provider replaces it, each ends the login of the other',
    );
    for (const line of result.cleanUp) io.say(line);
  }
}
