import { type Abuse, blockedSince, recentAbuse } from '../../audit/abuse.js';
import {
  providerNames,
  type ResolvedProvider,
  redirectToRegister,
  resolveProvider,
  type SettingsSources,
} from '../../config/settings.js';
import type { Context } from '../../context.js';
import { type Account, accountName, type Consent, type Identity } from '../../domain/account.js';
import { presentName } from '../../domain/account-names.js';
import { isKeyFailure, VaultError } from '../../domain/errors.js';
import { missingScopes } from '../../domain/scopes.js';
import type { ClientFacts } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Locks } from '../../stores/locks.js';
import type { Vault } from '../../vault/vault.js';
import { isMissing } from '../keys/status.js';
import { namesInForce } from '../name-lookup.js';
import { type NameContext, selectAccount } from '../select-account.js';

/* What is read of a vault, without its key except for who an account belongs to. */

export interface ListRequest {
  readonly provider: string | null;
  readonly status: Account['status'] | null;
  /** Only accounts whose token or grant expires within this time, in milliseconds. */
  readonly expiringWithin: number | null;
  /** Null: by name. */
  readonly sort: SortKey | null;
}

/** What accounts are sorted by; times from the earliest, then by name. */
const SORT_KEYS = {
  token: (account: Account) => account.expiresAt,
  grant: (account: Account) => account.grantExpiresAt,
  refreshed: (account: Account) => account.lastRefreshAt,
  created: (account: Account) => account.createdAt,
} as const;
export type SortKey = keyof typeof SORT_KEYS;
export const SORTS = Object.keys(SORT_KEYS) as readonly SortKey[];

/** The accounts, by name. */
export async function listAccounts(
  ctx: Pick<Context, 'vault' | 'clock'>,
  request: ListRequest,
): Promise<readonly Account[]> {
  const vault = await ctx.vault();
  if (vault === null) return [];
  const accounts = await vault.accounts(request.provider);
  const { status, expiringWithin, sort } = request;
  const limit = expiringWithin === null ? null : ctx.clock.now() + expiringWithin;
  const found = accounts.filter(
    (account) =>
      (status === null || account.status === status) && (limit === null || endsBefore(account, limit)),
  );
  if (sort === null) return found;
  // An unknown time comes last.
  const at = (account: Account) => SORT_KEYS[sort](account) ?? Number.POSITIVE_INFINITY;
  return found.sort((a, b) => (at(a) === at(b) ? 0 : at(a) - at(b)));
}

/** What the table shows besides the accounts themselves. */
export interface ListExtras {
  /** Former names, by the account's name. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
  /** The names of default accounts. */
  readonly defaults: ReadonlySet<string>;
  /** By the account's id; empty unless it was asked for. */
  readonly identities: ReadonlyMap<string, Identity>;
  /** Why identities cannot be opened; null when they can, or were not asked for. */
  readonly noIdentity: VaultError | null;
}

/** What is known without the key to be wrong with the vault as a whole. */
export interface VaultTrouble {
  /** Where the key should be, when it is a file that does not exist; else null. */
  readonly keyMissing: string | null;
  /** Since when nothing is refreshed, because the vault is an older copy or was moved; null: not known to be. */
  readonly blockedSince: number | null;
}

export async function vaultTrouble(
  ctx: Pick<Context, 'vault' | 'clock' | 'events' | 'files' | 'keys'>,
): Promise<VaultTrouble> {
  const vault = await ctx.vault();
  const source = vault === null ? null : await ctx.keys.current();
  return {
    keyMissing: source !== null && isMissing(source, ctx.files) ? source.place : null,
    blockedSince: await blockedSince(vault?.trail ?? null, ctx.events.queue, ctx.clock.now()),
  };
}

/** @param withIdentity opens the identity of each account, which needs the key */
export async function listExtras(
  ctx: Pick<Context, 'vault'> & Pick<NameContext, 'accountNames'>,
  accounts: readonly Account[],
  withIdentity: boolean,
): Promise<ListExtras> {
  const vault = await ctx.vault();
  const names = await namesInForce(ctx, vault);
  const present = (name: string) => presentName(names, name) ?? name;
  const aliases = new Map<string, string[]>();
  for (const alias of Object.keys(names.aliases))
    aliases.set(present(alias), [...(aliases.get(present(alias)) ?? []), alias]);
  const defaults = new Set(names.defaults.map(present));
  const opened = withIdentity ? await identitiesOf(vault, accounts) : new Map();
  return opened instanceof VaultError
    ? { aliases, defaults, identities: new Map(), noIdentity: opened }
    : { aliases, defaults, identities: opened, noIdentity: null };
}

async function identitiesOf(
  vault: Vault | null,
  accounts: readonly Account[],
): Promise<ReadonlyMap<string, Identity> | VaultError> {
  const found = new Map<string, Identity>();
  for (const { id } of vault === null ? [] : accounts) {
    const account = (await vault?.account(id)) ?? null;
    if (vault === null || account === null) continue;
    const identity = await identityOf(vault, account);
    if (identity instanceof VaultError) return identity;
    found.set(id, identity);
  }
  return found;
}

/** Lists the accounts in pieces; see {@link Vault.accountsAsJson}. */
export async function* listInPieces(
  ctx: Pick<Context, 'vault' | 'clock'>,
  request: ListRequest,
): AsyncGenerator<readonly (Account | string)[]> {
  const vault = await ctx.vault();
  const { status, expiringWithin, sort } = request;
  if (status !== null || expiringWithin !== null || sort !== null) yield await listAccounts(ctx, request);
  else if (vault !== null) yield* vault.accountsAsJson(request.provider);
}

export interface AccountDetail {
  readonly account: Account;
  readonly missingScopes: readonly string[];
  /** Newest first. */
  readonly consents: readonly Consent[];
  readonly providerTitle: string;
  readonly manageUrl: string | null;
  readonly openRefresh: OpenRefresh | null;
  /** Why it cannot be opened without the key; null when it was not asked for. */
  readonly identity: Identity | VaultError | null;
  /** Former names that still name it. */
  readonly aliases: readonly string[];
  readonly isDefault: boolean;
}

export interface ShowRequest {
  /** As a {@link selectAccount} takes it. */
  readonly selector: string | null;
  /** Whether to open the identity, which needs the key. */
  readonly withIdentity: boolean;
}

/** A refresh that ended without an answer, so the provider may have replaced the refresh token. */
export interface OpenRefresh {
  /** When the first attempt began, in milliseconds since the epoch. */
  readonly at: number;
  /** How many commands have sent the refresh token since, or were about to. */
  readonly attempts: number;
}

/** @throws VaultError as {@link selectAccount}; `vault_damaged` when the identity does not open */
export async function showAccount(
  ctx: Pick<Context, 'vault' | 'locks' | 'providerOrNull'> & NameContext,
  { selector, withIdentity }: ShowRequest,
): Promise<AccountDetail> {
  const vault = await ctx.vault();
  const account = await selectAccount(ctx, vault, selector, 'show');
  const provider = await ctx.providerOrNull(account.provider);
  const extras = await listExtras(ctx, [account], false);
  return {
    account,
    missingScopes: missingScopes(account.askedScopes, account.grantedScopes),
    consents: vault === null ? [] : await vault.consents(account.id),
    providerTitle: provider?.title ?? account.provider,
    manageUrl: provider?.manageUrl ?? null,
    openRefresh: vault === null ? null : await openRefresh(vault, account, ctx.locks),
    identity: vault === null || !withIdentity ? null : await identityOf(vault, account),
    aliases: extras.aliases.get(accountName(account)) ?? [],
    isDefault: extras.defaults.has(accountName(account)),
  };
}

async function identityOf(vault: Vault, account: SealedAccount): Promise<Identity | VaultError> {
  try {
    return await vault.identity(account);
  } catch (failure) {
    if (isKeyFailure(failure)) return failure;
    throw failure;
  }
}

/** A refresh in progress has an intent too, but it holds the account's lock. So the intent is read again once the lock is free. */
async function openRefresh(
  vault: Vault,
  { id }: Account,
  locks: Pick<Locks, 'isFree'>,
): Promise<OpenRefresh | null> {
  if ((await vault.intent(id)) === null || !(await locks.isFree(id))) return null;
  const intent = await vault.intent(id);
  return intent === null ? null : { at: intent.at, attempts: intent.attempt };
}

function endsBefore(account: Account, limit: number): boolean {
  return [account.expiresAt, account.grantExpiresAt].some((end) => end !== null && end <= limit);
}

export interface StatusRequest {
  /** What expires within this time is counted, in milliseconds. */
  readonly within: number;
}

export interface VaultStatus extends VaultTrouble {
  readonly hasVault: boolean;
  readonly accounts: readonly Account[];
  /** Accounts whose access token expires within the time and cannot be refreshed. */
  readonly tokensEnding: readonly Account[];
  readonly grantsEnding: readonly Account[];
  /** Milliseconds since the epoch; null when no account was ever refreshed. */
  readonly lastRefreshAt: number | null;
  /** The process id of the agent; null when none runs. */
  readonly agent: number | null;
  /** Signs of abuse among the events of the last day. */
  readonly abuse: readonly Abuse[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** @param agent the process id of the agent; null when none runs */
export async function vaultStatus(
  ctx: Pick<Context, 'vault' | 'clock' | 'events' | 'files' | 'keys'>,
  { within }: StatusRequest,
  agent: number | null,
): Promise<VaultStatus> {
  const vault = await ctx.vault();
  const now = ctx.clock.now();
  const accounts = vault === null ? [] : await vault.accounts();
  const ends = (end: number | null) => end !== null && end <= now + within;
  const refreshes = accounts.flatMap(({ lastRefreshAt }) => lastRefreshAt ?? []);
  return {
    hasVault: vault !== null,
    accounts,
    tokensEnding: accounts.filter(({ expiresAt, hasRefreshToken }) => ends(expiresAt) && !hasRefreshToken),
    grantsEnding: accounts.filter(({ grantExpiresAt }) => ends(grantExpiresAt)),
    lastRefreshAt: refreshes.length === 0 ? null : refreshes.reduce((a, b) => Math.max(a, b)),
    agent,
    ...(await vaultTrouble(ctx)),
    abuse: await recentAbuse(vault?.trail ?? null, ctx.events.queue, now),
    at: now,
  };
}

export type ProviderView = ReturnType<typeof viewOf>;

/**
 * The providers, what each needs, and what is set.
 *
 * @param name of one, or a part of the name, title or topic of several; null: all of them
 * @throws VaultError `provider_unknown`; `config_invalid` when the settings do not make a provider
 */
export async function providerOverview(
  ctx: Pick<Context, 'settings'>,
  name: string | null,
): Promise<readonly ProviderView[]> {
  const sources = await ctx.settings();
  const names = providerNames(sources);
  if (name !== null && names.includes(name)) return [viewOf(resolveProvider(name, sources), sources)];
  const views = names.map((each) => viewOf(resolveProvider(each, sources), sources));
  const found = name === null ? views : matching(views, name);
  if (found.length > 0) return found;
  return [viewOf(resolveProvider(name ?? '', sources), sources)];
}

/** The providers with this text in their name, their title or what they are for. */
export function matching(views: readonly ProviderView[], text: string): readonly ProviderView[] {
  const wanted = text.toLowerCase();
  return views.filter(({ name, title, topics }) =>
    [name, title.toLowerCase(), ...topics].some((word) => word.includes(wanted)),
  );
}

function originOf(
  clientId: string,
  { idVariables }: ClientFacts,
  { env, envFile }: SettingsSources,
): 'environment' | 'env_file' | 'config_file' {
  const isIn = (values: SettingsSources['env']) =>
    idVariables.some((variable) => values[variable]?.trim() === clientId);
  if (isIn(env)) return 'environment';
  return isIn(envFile) ? 'env_file' : 'config_file';
}

/** The names are an API: with `--json` they are printed in snake case. */
function viewOf(resolved: ResolvedProvider, sources: SettingsSources) {
  const { provider, problems } = resolved;
  const { client, documented = UNDOCUMENTED } = provider;
  const unset = resolved.missing.map(({ variable, why }) => `${variable} ${why}`);
  const wrong = problems
    .filter((problem) => problem.code !== 'client_not_configured')
    .map((problem) => problem.message);
  return {
    name: provider.name,
    title: provider.title,
    builtIn: resolved.builtIn,
    configured: problems.length === 0,
    /** Each with the variable or field to set. */
    missing: [...unset, ...wrong],
    issuer: provider.issuer,
    /** The protected resource that tokens are for; null: not named. */
    resource: provider.resource ?? null,
    /** Whether this program registers its client itself. */
    registers: provider.registered === true,
    scopes: provider.scopes,
    grant: provider.grant ?? null,
    /** Null where no user logs in. */
    redirectUri: redirectToRegister(resolved),
    /** Every redirect URI on this machine is allowed: none is registered. */
    anyRedirect: client.anyLoopback === true,
    pkce: provider.pkce,
    revocation: provider.revocation.style !== 'none',
    idVariables: client.idVariables,
    secretVariables: client.secret === 'forbidden' ? [] : client.secretVariables,
    secret: client.secret,
    clientId: resolved.clientId,
    /** Null: there is none. */
    clientIdFrom: resolved.clientId === null ? null : originOf(resolved.clientId, client, sources),
    hasClientSecret: resolved.clientSecret !== null,
    registrationUrl: client.registrationUrl,
    registrationSteps: client.registrationSteps,
    manageUrl: provider.manageUrl,
    notes: provider.notes,
    /** What it is for, in words to search for. */
    topics: documented.topics,
    accessTokenLife: documented.accessToken,
    refreshTokenLife: documented.refreshToken,
    /** Whether a refresh replaces the refresh token: `yes`, `no` or `unknown`. */
    rotates: documented.rotates,
    /** The documentation that the entry follows, and when it was read; null for a provider of the user's own. */
    source: documented.source,
    sourceRead: documented.read,
    triedLive: documented.tried,
  };
}

const UNDOCUMENTED = {
  topics: [],
  ...{ accessToken: null, refreshToken: null, rotates: null },
  ...{ source: null, read: null, tried: null },
};
