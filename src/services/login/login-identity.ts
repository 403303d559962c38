import { randomId } from '../../crypto/derive.js';
import type { Account, Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { Secret } from '../../domain/secret.js';
import { unidentifiedSubject } from '../../domain/unidentified.js';
import type { GrantedAnswer, ServerMetadata } from '../../oauth/contract.js';
import { templateOf } from '../../oauth/discovery.js';
import { endOfIdToken, readIdToken } from '../../oauth/id-token.js';
import { readIdentity } from '../../oauth/identity.js';
import type { ConfiguredProvider, IdentitySource } from '../../providers/contract.js';
import type { SealedAccount } from '../../stores/contract.js';
import type { Http } from '../../system/contract.js';
import type { IdToken } from '../../vault/sealed-account.js';
import type { Vault } from '../../vault/vault.js';
import type { LoginRequest } from './login-request.js';
import { retryLogin } from './login-request.js';
import type { LoginTarget } from './login-target.js';

interface IdentityFacts {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly answer: GrantedAnswer;
  readonly accessToken: Secret;
  /** An id_token that was not requested is ignored. */
  readonly idTokenAsked: boolean;
  /** Null where none was sent, as in a device login. */
  readonly nonce: string | null;
  /** At a provider that does not identify the user; else null. */
  readonly named: Identity | null;
  readonly http: Http;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The identity at a provider that does not identify the user: the name given with `--as` takes its place.
 *
 * @returns null where the provider identifies the user
 * @throws VaultError `usage` when there is no name either
 */
export function identityFromName(provider: ConfiguredProvider, as: string | null): Identity | null {
  if (provider.identity.from !== 'none') return null;
  const name = as ?? provider.identity.unnamed;
  if (name !== undefined) return { subject: name, email: null, name: null, details: {} };
  throw new VaultError(
    'usage',
    `${provider.title} does not identify the user, so you must name the account`,
    {
      hint: `${command(`login ${provider.name} --as NAME`)}\nor set userinfoEndpoint for it in config.json`,
    },
  );
}

/**
 * The same for a login that is to be stored: an account that is named keeps its identity, whatever its name is by now.
 *
 * @throws VaultError as {@link identityFromName}, and the vault's own
 */
export async function identityByName(
  vault: Vault,
  provider: ConfiguredProvider,
  { only, request: { as } }: Pick<LoginTarget, 'only' | 'request'>,
): Promise<Identity | null> {
  if (provider.identity.from !== 'none') return null;
  const label = as ?? provider.identity.unnamed;
  const ref = only ?? (label === undefined ? null : { provider: provider.name, label });
  const known = ref === null ? null : await vault.accountByName(ref.provider, ref.label);
  if (known !== null) return vault.identity(known);
  const named = identityFromName(provider, as);
  if (named === null) return null;
  // An account that was renamed since keeps the subject that its first name gave it.
  const older = await vault.byIdentity(provider.name, provider.issuer, named.subject);
  return older === null ? named : { ...named, subject: `${named.subject} ${randomId()}` };
}

/** The imported account with this address whose user the provider has not reported yet; null when there is none. */
export async function unidentifiedAccount(
  vault: Pick<Vault, 'byIdentity'>,
  provider: string,
  issuer: string,
  email: string,
): Promise<SealedAccount | null> {
  for (const each of new Set([issuer, templateOf(issuer)])) {
    const found = await vault.byIdentity(provider, each, unidentifiedSubject(email));
    if (found !== null) return found;
  }
  return null;
}

export interface IdentifiedUser {
  readonly identity: Identity;
  readonly issuer: string;
  /** The id_token if it was checked. */
  readonly idToken: IdToken | null;
}

/**
 * Identifies the user and the issuer. An id_token is checked whenever one was requested and came, unless the provider is known not to
 * identify users.
 *
 * @throws VaultError `provider_answer_invalid`, `network_failed`, `provider_unavailable`, `usage`
 */
export async function identifyUser(facts: IdentityFacts): Promise<IdentifiedUser> {
  const { provider, answer } = facts;
  if (facts.named !== null) return { identity: facts.named, issuer: provider.issuer, idToken: null };
  const claims =
    answer.idToken !== null && facts.idTokenAsked ? await checkedClaims(facts, answer.idToken) : null;
  const source = withUserinfo(provider.identity, facts.server.userinfoEndpoint);
  const { http, accessToken } = facts;
  if (source.from === 'id_token' && source.request === null && claims === null && facts.idTokenAsked)
    throw notIdentified(provider);
  const identity = await readIdentity({ source, claims, answer, http, accessToken });
  const issuer =
    provider.issuerTemplate && typeof claims?.['iss'] === 'string' ? claims['iss'] : facts.server.issuer;
  const idToken =
    answer.idToken === null || claims === null
      ? null
      : { token: answer.idToken, expiresAt: endOfIdToken(claims) };
  return { identity: await withName(identity, source, facts), issuer, idToken };
}

/**
 * An id_token was requested (OpenID Connect Core §3.1.2.1) and none came, as with some servers in a device login. The name given with
 * `--as` is used only if the configuration says so, because a login in the browser may identify the user.
 */
function notIdentified({ title, name }: ConfiguredProvider): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${title} did not identify the user: the scope openid was requested, but no id_token came, and no userinfo endpoint is known`,
    {
      hint: `set providers.${name}.userinfoEndpoint in config.json, if there is one\nor add "identity": {"from": "none"} to providers.${name} in config.json, and name the account with --as NAME`,
    },
  );
}

function checkedClaims({ provider, server, nonce, now }: IdentityFacts, idToken: Secret) {
  return readIdToken({
    idToken,
    issuer: server.issuer,
    issuerTemplate: provider.issuerTemplate,
    clientId: provider.clientId,
    nonce,
    algorithms: server.idTokenSigningAlgorithms,
    now,
  });
}

/** Many servers have the name only at their userinfo endpoint. It makes a better label; without it the login still succeeds. */
export async function withName(
  identity: Identity,
  source: IdentitySource,
  facts: Pick<IdentityFacts, 'http' | 'answer' | 'accessToken'>,
): Promise<Identity> {
  const { http, answer, accessToken } = facts;
  if (identity.email !== null || identity.name !== null) return identity;
  if (source.from !== 'id_token' || source.request === null) return identity;
  try {
    const asked = await readIdentity({
      source: { ...source, from: 'request' },
      claims: null,
      answer,
      http,
      accessToken,
    });
    return asked.subject === identity.subject
      ? { ...identity, email: asked.email, name: asked.name }
      : identity;
  } catch (failure) {
    if (failure instanceof VaultError) return identity;
    throw failure;
  }
}

export function withUserinfo(source: IdentitySource, endpoint: string | null): IdentitySource {
  if (source.from !== 'id_token' || source.request !== null || endpoint === null) return source;
  return { ...source, request: { url: endpoint, headers: {} } };
}

/**
 * Refuses any user but the one that `--login-hint` names, ignoring case. A hint that is an e-mail address is compared with the
 * user's address, or the name where there is no address; another hint with the name. Both are compared with the subject, the
 * details of the identity and the label of the account. If the provider reports nothing comparable, the login is accepted.
 *
 * @param known the account of that user; null where there is none yet
 * @throws VaultError `wrong_person`
 */
export function requireHintedUser(
  request: LoginRequest,
  identity: Identity,
  known: Pick<Account, 'label'> | null,
): void {
  const { loginHint, device } = request;
  if (loginHint === null) return;
  const { subject, email, name, details } = identity;
  const isAddress = loginHint.includes('@');
  const reported = [isAddress ? (email ?? name) : name, ...Object.values(details)].filter(
    (value) => value !== null && (!isAddress || value.includes('@')),
  );
  if (reported.length === 0) return;
  const names = [subject, known?.label, ...reported].map((value) => value?.toLowerCase());
  if (names.includes(loginHint.toLowerCase())) return;
  const way = device ? '--device' : '';
  throw new VaultError(
    'wrong_person',
    `${email ?? name ?? subject} logged in instead of ${loginHint} (--login-hint), so nothing was stored`,
    {
      hint: [
        `to log in as ${loginHint}, choose that user in the browser:`,
        retryLogin(request, way),
        'to log in as any user:',
        retryLogin({ ...request, loginHint: null }, way),
      ].join('\n'),
    },
  );
}
