import { homedir } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { readFromProgram } from '../../access/programs.js';
import { configureProvider } from '../../config/settings.js';
import type { Context } from '../../context.js';
import { type Account, accountName } from '../../domain/account.js';
import { asVaultError } from '../../domain/error-forms.js';
import { isInterruption, VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { Secret } from '../../domain/secret.js';
import type { FoundLogin, Importer, Opening, Place, Refusal } from '../../imports/contract.js';
import { IMPORTERS, type ImporterEntry } from '../../imports/index.js';
import { called, ENCRYPTED } from '../../imports/reading.js';
import type { Vault } from '../../vault/vault.js';
import { type SetupContext, setUpProvider } from '../setup/setup.js';
import { readImported, tokenDigest } from './imported-tokens.js';
import { type MatchedProvider, matchProvider } from './match-provider.js';
import { type TakenOver, type TakeOverContext, takeOver } from './take-over.js';

export interface ImportRequest {
  readonly tool: string;
  /** Null: the tool's own files. `-`: stdin. */
  readonly file: string | null;
  readonly provider: string | null;
  readonly as: string | null;
  readonly dryRun: boolean;
}

/** What the terminal has to give. */
export interface ImportTalk {
  /** All of stdin. */
  stdin(limit: number): Promise<Buffer>;
  /** The password of the tool's file. @throws VaultError `usage` where it is in no file and there is no terminal */
  password(question: string): Promise<Secret>;
  readonly passwordFile: string | null;
  /** Whether another program may ask at the terminal. */
  readonly interactive: boolean;
}

export interface ImportContext
  extends SetupContext,
    TakeOverContext,
    Pick<Context, 'host' | 'othersFiles' | 'vaultOrNew'> {
  readonly audit: Context['audit'];
}

/** What became of one login. */
export interface ImportResult {
  readonly file: string;
  /** What the tool calls it. */
  readonly name: string | null;
  /** Null where it could not be matched. */
  readonly provider: string | null;
  readonly account: string | null;
  readonly outcome: TakenOver['outcome'] | 'set_up' | 'would_import' | 'would_set_up' | 'failed';
  /** Where the client was stored, or would be: variables of the `.env` and places in `config.json`. */
  readonly written: readonly string[];
  readonly identified: boolean;
  readonly beside: { readonly account: string; readonly lacks: readonly string[] } | null;
  /** What to stop and delete in the tool. */
  readonly cleanUp: readonly string[];
  readonly error: VaultError | null;
}

const LIMIT = 4 * 1024 * 1024;

/** @throws VaultError `usage` for a tool whose logins cannot be taken over, with what to do instead */
async function importerOf(tool: string): Promise<Importer> {
  const entry = IMPORTERS.find(({ name }) => name === tool);
  if (entry === undefined) throw new VaultError('unexpected', 'a checked tool is not in the list');
  const loaded = await entry.load();
  if ('read' in loaded) return loaded;
  throw refused(entry, loaded);
}

function refused({ title }: ImporterEntry, { why, instead }: Refusal): VaultError {
  const hint = instead.map(([purpose, line]) => `${purpose}: ${command(line)}`).join('\n');
  return new VaultError('usage', `logins of ${title} are not imported: ${why}`, { hint });
}

/** Where tools keep their files here. */
async function placeOf(ctx: Pick<Context, 'host' | 'othersFiles'>): Promise<Place> {
  const { env, platform } = ctx.host;
  const others = await ctx.othersFiles();
  return {
    env,
    platform,
    home: env['HOME'] || homedir(),
    read: (path) => (isAbsolute(path) ? others.read(path) : null),
    names: (folder) => others.names(folder),
  };
}

/**
 * Takes over the logins in the files of a tool. First everything is read and matched; then the clients are stored, because the
 * process that refreshes reads the settings when it starts; then each login is taken over. One that fails does not keep the others
 * from it.
 *
 * @throws VaultError when a file cannot be read
 */
export async function importLogins(
  ctx: ImportContext,
  request: ImportRequest,
  talk: ImportTalk,
): Promise<readonly ImportResult[]> {
  const importer = await importerOf(request.tool);
  const place = await placeOf(ctx);
  const opening = await openingOf(ctx, place, request, talk);
  const files = filesOf(importer, place, request);
  const logins: Planned[] = [];
  for (const file of files)
    for (const login of await importer.read(file, opening)) logins.push({ file, login });
  if (logins.length === 0)
    throw new VaultError('usage', `${files.map(called).join(', ')} contains no login that can be imported`, {
      hint: `to see what can be: ${command('import')}`,
    });
  if (request.as !== null && logins.length > 1)
    throw new VaultError('usage', `--as names one account, and there are ${logins.length} logins`);
  const matched: MatchedLogin[] = [];
  for (const planned of logins) matched.push(await match(ctx, importer, planned, request, matched));
  if (request.dryRun) return Promise.all(matched.map((each) => wouldBe(ctx, each)));
  const results: ImportResult[] = [];
  const vault = matched.some(({ login, error }) => error === null && login.refreshToken !== null)
    ? await ctx.vaultOrNew()
    : null;
  await vault?.rehearse();
  for (const each of matched) {
    const again = commandFor(request, talk, each);
    results.push(await take(ctx, vault, each, request, again));
  }
  return results;
}

interface Planned {
  readonly file: string;
  readonly login: FoundLogin;
}

interface MatchedLogin extends Planned {
  readonly provider: MatchedProvider | null;
  readonly written: readonly string[];
  readonly cleanUp: readonly string[];
  readonly error: VaultError | null;
}

function filesOf(importer: Importer, place: Place, { file, tool }: ImportRequest): readonly string[] {
  if (file !== null) return [file === '-' ? file : importer.isName?.(file) ? file : resolve(file)];
  const found = importer.find(place);
  if (found.length > 0) return found;
  throw new VaultError('usage', `no file of ${tool} was found where it usually is`, {
    hint: `name it: ${command(`import ${tool} FILE`)}`,
  });
}

async function openingOf(
  ctx: Pick<Context, 'host'>,
  place: Place,
  { file }: ImportRequest,
  talk: ImportTalk,
): Promise<Opening> {
  const stdin = file === '-' ? await talk.stdin(LIMIT) : null;
  return {
    ...place,
    read: (path) => (path === '-' ? stdin : place.read(path)),
    run: (program, args, what) =>
      readFromProgram(ctx.host, program, args, { what, asks: talk.interactive, limit: LIMIT }),
    password: talk.password,
    passwordFile: talk.passwordFile,
  };
}

/** Finds the provider of a login, and stores its client where that is not set up. */
async function match(
  ctx: ImportContext,
  importer: Importer,
  planned: Planned,
  request: ImportRequest,
  earlier: readonly MatchedLogin[],
): Promise<MatchedLogin> {
  const { file, login } = planned;
  const cleanUp = importer.cleanUp(file, login);
  try {
    const provider =
      (request.dryRun ? likeOneBefore(login, earlier) : null) ??
      matchProvider(login, { ...request, file }, await ctx.readSettings());
    const { setup } = provider;
    if (setup === null) return { ...planned, provider, written: [], cleanUp, error: null };
    const written = request.dryRun ? placesOf(setup) : (await setUpProvider(ctx, setup)).written;
    return { ...planned, provider, written, cleanUp, error: null };
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    return { ...planned, provider: null, written: [], cleanUp, error: failure };
  }
}

/** In a dry run nothing is stored, so that a second login of the same client finds nothing set up either. */
function likeOneBefore(
  { clientId, server }: FoundLogin,
  earlier: readonly MatchedLogin[],
): MatchedProvider | null {
  const same = earlier.find(
    ({ login }) => login.clientId === clientId && login.server.tokenEndpoint === server.tokenEndpoint,
  );
  return same?.provider == null ? null : { name: same.provider.name, setup: null };
}

function placesOf({
  name,
  issuer,
  members = {},
  clientId,
  clientSecret,
}: NonNullable<MatchedProvider['setup']>) {
  const fields = [...Object.keys(members), ...(issuer === null ? [] : ['issuer'])];
  return [
    ...fields.map((field) => `providers.${name}.${field}`),
    ...(clientId === null ? [] : [`the client id of ${name}`]),
    ...(clientSecret === null ? [] : [`the client secret of ${name}`]),
  ];
}

async function wouldBe(ctx: ImportContext, each: MatchedLogin): Promise<ImportResult> {
  const { login, provider, error } = each;
  if (error !== null || provider === null) return failed(each, error);
  const token = login.refreshToken;
  const before =
    token === null ? undefined : readImported(ctx).find(({ digest }) => digest === tokenDigest(token));
  const vault = before === undefined ? null : await ctx.vault();
  const account = before === undefined ? null : ((await vault?.account(before.account)) ?? null);
  const outcome = account !== null ? 'imported_before' : token === null ? 'would_set_up' : 'would_import';
  return resultOf(each, outcome, account);
}

async function take(
  ctx: ImportContext,
  vault: Vault | null,
  each: MatchedLogin,
  { tool, as }: ImportRequest,
  again: string,
): Promise<ImportResult> {
  const { file, login, provider: matched, error } = each;
  if (error !== null || matched === null) return failed(each, error);
  const { refreshToken } = login;
  if (refreshToken === null || vault === null) return resultOf(each, 'set_up', null);
  try {
    const provider = configureProvider(matched.name, await ctx.readSettings());
    const taken = await takeOver(ctx, vault, { tool, file, again, login, refreshToken, provider, as });
    const { identified, beside } = taken;
    const other = beside === null ? null : { account: accountName(beside.account), lacks: beside.lacks };
    return { ...resultOf(each, taken.outcome, taken.account), identified, beside: other };
  } catch (failure) {
    if (!(failure instanceof VaultError) || isInterruption(failure)) throw failure;
    return failed(each, failure);
  }
}

/** With every option that was given: another `--provider` or `--as` would be another import. */
function commandFor(
  { tool, provider, as }: ImportRequest,
  { passwordFile }: Pick<ImportTalk, 'passwordFile'>,
  { file }: Planned,
): string {
  const given = [
    ['--provider', provider],
    ['--as', as],
    ['--password-file', passwordFile],
  ] as const;
  const options = given.flatMap(([name, value]) => (value === null ? [] : [name, quoted(value)]));
  return command(['import', tool, quoted(file), ...options].join(' '));
}

function resultOf(
  { file, login, provider, written, cleanUp }: MatchedLogin,
  outcome: ImportResult['outcome'],
  account: Account | null,
): ImportResult {
  const name = account === null ? null : accountName(account);
  const said = { written, cleanUp, identified: true, beside: null, error: null };
  return {
    file,
    name: login.name ?? login.email,
    provider: provider?.name ?? null,
    account: name,
    outcome,
    ...said,
  };
}

function failed(each: MatchedLogin, error: VaultError | null): ImportResult {
  return { ...resultOf(each, 'failed', null), cleanUp: [], error: asVaultError(error) };
}

/** What `vault import` alone finds. */
export interface FoundFile {
  readonly tool: string;
  readonly title: string;
  readonly file: string;
  /** Null where the file is encrypted, so that it is not known before it is opened. */
  readonly logins: readonly { readonly name: string | null; readonly provider: string | null }[] | null;
  /** Why it cannot be imported, and what to do instead; null where it can. */
  readonly why: string | null;
  readonly command: string | null;
}

const LOCKED = new VaultError('usage', 'the file is encrypted', { details: ENCRYPTED });

/** Looks for the files of all tools. Opens nothing that is encrypted, and sends nothing. */
export async function findFiles(
  ctx: Pick<ImportContext, 'host' | 'othersFiles' | 'readSettings'>,
): Promise<readonly FoundFile[]> {
  const place = await placeOf(ctx);
  const locked = async () => {
    throw LOCKED;
  };
  const opening: Opening = { ...place, run: locked, password: locked, passwordFile: null };
  const sources = await ctx.readSettings();
  const found: FoundFile[] = [];
  for (const entry of IMPORTERS) {
    const { name: tool, title } = entry;
    const loaded = await entry.load();
    for (const file of loaded.find(place)) {
      const typed = command(`import ${tool} ${quoted(file)}`);
      const base = { tool, title, file, command: typed };
      if (!('read' in loaded)) {
        const [, line = ''] = loaded.instead[0] ?? [];
        found.push({ ...base, logins: [], why: loaded.why, command: line === '' ? null : command(line) });
        continue;
      }
      try {
        const logins = await loaded.read(file, opening);
        const providerOf = (login: FoundLogin) =>
          nameOrNull(() => matchProvider(login, { tool, file, provider: null }, sources).name);
        if (logins.length > 0)
          found.push({
            ...base,
            logins: logins.map((login) => ({ name: login.name ?? login.email, provider: providerOf(login) })),
            why: null,
          });
      } catch (failure) {
        if (!(failure instanceof VaultError)) throw failure;
        // Files are found by their names, so that some belong to something else.
        if (failure.details['encrypted'] === true) found.push({ ...base, logins: null, why: null });
      }
    }
  }
  return found;
}

function nameOrNull(name: () => string): string | null {
  try {
    return name();
  } catch (failure) {
    if (failure instanceof VaultError) return null;
    throw failure;
  }
}
