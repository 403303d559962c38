import type { Context } from '../../context.js';
import type { Account, Consent, Identity } from '../../domain/account.js';
import { type AuditEvent, aboutAccount, type ImportOutcome } from '../../domain/audit-events.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import { labelOf } from '../../domain/label.js';
import { missingScopes } from '../../domain/scopes.js';
import { nextStatus } from '../../domain/status.js';
import { isUnidentified, unidentifiedSubject } from '../../domain/unidentified.js';
import type { FoundLogin } from '../../imports/contract.js';
import { partOf } from '../../oauth/claims.js';
import type { ServerMetadata } from '../../oauth/contract.js';
import { readIdentity } from '../../oauth/identity.js';
import type { ConfiguredProvider, IdentitySource } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { AccountChange, Contents } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import { lockAndRead } from '../locked-account.js';
import { noteConsent } from '../login/login-commit.js';
import { unidentifiedAccount, withName, withUserinfo } from '../login/login-identity.js';

/** The result of an import, once its account belongs to a user. */
export interface Placed {
  readonly account: Account;
  readonly outcome: ImportOutcome;
  readonly identified: boolean;
  readonly beside: { readonly account: Account; readonly lacks: readonly string[] } | null;
}

export interface Placing {
  readonly tool: string;
  readonly login: FoundLogin;
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly as: string | null;
  /** Records that the token was imported. @param replaced whether the provider has replaced it */
  readonly note: (account: string, replaced: boolean) => void;
  /** Whether the grant of an account works: it is refreshed now. */
  readonly proves: (account: Account) => Promise<boolean>;
  readonly refreshToken: NonNullable<FoundLogin['refreshToken']>;
}

type PlaceContext = Pick<Context, 'http' | 'interruption' | 'locks' | 'spill' | 'clock'>;

const LOCK_WAIT = 130_000;
const MAX_TRIES = 100;
const NEVER_FAILED = { status: 'active', reason: null, lastError: null, failures: 0, retryAt: null } as const;

interface Owner {
  readonly identity: Identity;
  readonly issuer: string;
  readonly identified: boolean;
}

/**
 * Gives an imported account, refreshed by now, to its user. If the user has an account with a working grant, that one is not
 * replaced: the import may be older. It is then dropped where the other covers its scopes and could be refreshed just now, and else
 * stays beside it.
 *
 * @throws VaultError `network_failed`, `provider_unavailable` when the identity cannot be asked for now: the account stays as it is
 */
export async function placeImport(
  ctx: PlaceContext,
  vault: Vault,
  placing: Placing,
  fresh: SealedAccount,
): Promise<Placed> {
  const owner = await ownerOf(ctx, vault, placing, fresh);
  // What is stored may have ended at the provider, and then the import is the only grant that works.
  const rival = await accountOf(vault, fresh, owner);
  const working = rival !== null && !isOver(rival) && (await placing.proves(rival)) ? rival.id : null;
  const deps = { ...ctx, spill: await ctx.spill() };
  const held = await lockAndRead(deps, vault, fresh.id, LOCK_WAIT, ctx.interruption);
  try {
    if (held.account === null) throw changedMeanwhile();
    const begun = held.account;
    const contents = await vault.contents(begun);
    const isReplaced = contents.refreshToken?.reveal() !== placing.refreshToken.reveal();
    const known = await accountOf(vault, begun, owner);
    const step = { ctx, vault, placing, owner, begun, contents, isReplaced, working };
    if (known === null) return await becomeUsers(step);
    const other = await lockAndRead(deps, vault, known.id, LOCK_WAIT, ctx.interruption);
    try {
      return other.account === null
        ? await becomeUsers(step)
        : await joinAccount(step, other.account, other.unopened);
    } finally {
      await other.release();
    }
  } finally {
    await held.release();
  }
}

interface Step {
  readonly vault: Vault;
  readonly placing: Placing;
  readonly owner: Owner;
  /** The account that the import began with, under its lock. */
  readonly begun: SealedAccount;
  readonly contents: Contents;
  readonly isReplaced: boolean;
  /** The id of the user's account, where it was refreshed just now. */
  readonly working: string | null;
}

function isOver({ status, hasRefreshToken }: SealedAccount): boolean {
  return status === 'login_needed' || status === 'revoked' || !hasRefreshToken;
}

function importedAs({ tool }: Placing, outcome: ImportOutcome) {
  return (account: Account): AuditEvent => ({ event: 'imported', tool, outcome, ...aboutAccount(account) });
}

/** The facts of the account, once it is known which scopes the grant has. */
function factsOf({ placing, owner, begun, contents }: Step) {
  const { login } = placing;
  const isOpenid = login.scopes.includes('openid') || contents.idToken !== null;
  const scopes = begun.grantedScopes.filter((scope) => scope !== 'openid' || isOpenid);
  return {
    issuer: owner.issuer,
    askedScopes: [...new Set([...login.scopes, ...scopes])],
    grantedScopes: scopes,
    ...nextStatus(NEVER_FAILED, { kind: 'granted', missingScopes: missingScopes(login.scopes, scopes) }),
  };
}

async function becomeUsers(step: Step): Promise<Placed> {
  const account = await named(step, 'added', factsOf(step), step.owner.identity);
  return { account, outcome: 'added', identified: step.owner.identified, beside: null };
}

/** Finishes the account that the import began with, under a name that is free. */
async function named(
  { vault, placing, owner, begun, contents, isReplaced }: Step,
  outcome: ImportOutcome,
  facts: AccountChange,
  identity: Identity,
): Promise<SealedAccount> {
  const base = placing.as ?? (owner.identified ? labelOf(owner.identity) : begun.label);
  placing.note(begun.id, isReplaced);
  for (let attempt = 1; attempt <= MAX_TRIES; attempt += 1) {
    const label = attempt === 1 ? base : `${base}-${attempt}`;
    const event = importedAs(placing, outcome);
    const account = await vault.update(begun, { ...facts, label }, { ...contents, identity }, event);
    if (account !== null) {
      await noteConsent(vault, account, consentOf(account));
      return account;
    }
    if ((await vault.accountByName(begun.provider, label)) === null) break;
  }
  throw changedMeanwhile();
}

async function joinAccount(step: Step, known: SealedAccount, unopened: number): Promise<Placed> {
  const { vault, placing, owner, begun, contents, isReplaced, working } = step;
  const { identified } = owner;
  if (isOver(known)) {
    placing.note(known.id, isReplaced);
    const { tokenType, issuedAt, expiresAt, grantExpiresAt, lastRefreshAt, tokenEndpoint, clientId } = begun;
    const token = { tokenType, issuedAt, expiresAt, grantExpiresAt, lastRefreshAt, tokenEndpoint, clientId };
    const account = await vault.update(
      known,
      { ...token, ...factsOf(step), label: placing.as ?? known.label, updatedAt: begun.updatedAt },
      { ...contents, identity: owner.identity },
      importedAs(placing, 'updated'),
      false,
      begun,
    );
    if (account === null) throw changedMeanwhile();
    await noteConsent(vault, account, consentOf(account));
    return { account, outcome: 'updated', identified, beside: null };
  }
  const lacks = missingScopes(factsOf(step).grantedScopes, known.grantedScopes);
  const isInDoubt = known.id !== working || unopened > 0 || (await vault.intent(known.id)) !== null;
  if (lacks.length === 0 && !isInDoubt) {
    placing.note(known.id, isReplaced);
    await vault.remove(begun.id, importedAs(placing, 'kept')(known));
    return { account: known, outcome: 'kept', identified, beside: null };
  }
  const { issuer, ...facts } = factsOf(step);
  // With another subject than before the import is finished.
  const identity = { ...owner.identity, subject: unidentifiedSubject(begun.id) };
  const account = await named(step, 'kept_beside', facts, identity);
  return { account, outcome: 'kept_beside', identified, beside: { account: known, lacks } };
}

function consentOf({ issuedAt, askedScopes, grantedScopes }: Account): Consent {
  return { at: issuedAt, how: 'import', askedScopes, grantedScopes };
}

async function accountOf(vault: Vault, begun: SealedAccount, owner: Owner): Promise<SealedAccount | null> {
  const { identity, issuer } = owner;
  const known = await vault.byIdentity(begun.provider, issuer, identity.subject);
  if (known !== null || identity.email === null || isUnidentified(identity)) return known;
  return unidentifiedAccount(vault, begun.provider, issuer, identity.email);
}

/**
 * The user of the account: read as in a login from the id_token that the refresh brought, or the userinfo endpoint. Where the grant does not
 * let the client read that, as one for mail alone, the address in the tool's file names it, and a later login confirms it.
 */
async function ownerOf(
  ctx: PlaceContext,
  vault: Vault,
  { provider, server, login, as }: Placing,
  fresh: SealedAccount,
): Promise<Owner> {
  const { accessToken, idToken, identity: before } = await vault.contents(fresh);
  const name = as ?? login.email ?? login.name ?? fresh.label;
  if (provider.identity.from === 'none')
    return { identity: { ...before, subject: name }, issuer: provider.issuer, identified: true };
  const claims = idToken === null ? null : partOf(idToken.token, 1);
  try {
    if (accessToken === null) throw changedMeanwhile();
    const source = requestable(withUserinfo(provider.identity, server.userinfoEndpoint));
    const answer = { ...NO_ANSWER, tokenType: fresh.tokenType };
    const question = { source, claims, answer, http: await ctx.http(), accessToken };
    const identity = await withName(await readIdentity(question), source, question);
    const iss = claims?.['iss'];
    const issuer = provider.issuerTemplate && typeof iss === 'string' ? iss : server.issuer;
    if (provider.issuerTemplate && typeof iss !== 'string') throw unknownOwner();
    return { identity: { ...identity, email: identity.email ?? login.email }, issuer, identified: true };
  } catch (failure) {
    if (!(failure instanceof VaultError) || failure.code !== 'provider_answer_invalid') throw failure;
    const subject = unidentifiedSubject(login.email ?? name);
    return { identity: { ...before, subject }, issuer: provider.issuer, identified: false };
  }
}

/** The answer of the refresh is not kept, so the members that some providers add to it cannot be read here. */
const NO_ANSWER = {
  kind: 'granted',
  accessToken: null,
  refreshToken: null,
  expiresIn: null,
  refreshTokenExpiresIn: null,
  scopes: null,
  idToken: null,
  members: {},
  flaws: [],
} as const;

function requestable(source: IdentitySource): IdentitySource {
  return source.from === 'token_response' && source.request !== null
    ? { ...source, from: 'request' }
    : source;
}

function unknownOwner(): VaultError {
  return new VaultError('provider_answer_invalid', 'the provider does not report whose account it is');
}

function changedMeanwhile(): VaultError {
  return new VaultError('busy', 'another process changed the imported account meanwhile', {
    hint: `run the same import again; to see the accounts: ${command('list')}`,
  });
}
