import type { Account, Identity } from '../../domain/account.js';
import { VaultError } from '../../domain/errors.js';
import { command } from '../../domain/hints.js';
import type { Secret } from '../../domain/secret.js';
import type { GrantedAnswer, ServerMetadata } from '../../oauth/contract.js';
import { readIdToken } from '../../oauth/id-token.js';
import { readIdentity } from '../../oauth/identity.js';
import type { ConfiguredProvider, IdentitySource } from '../../providers/contract.js';
import type { Http } from '../../system/contract.js';
import type { LoginRequest } from './login-request.js';
import { retryLogin } from './login-request.js';

export interface IdentityFacts {
  readonly provider: ConfiguredProvider;
  readonly server: ServerMetadata;
  readonly answer: GrantedAnswer;
  readonly accessToken: Secret;
  /** An id_token nobody asked for is not looked at. */
  readonly idTokenAsked: boolean;
  /** Null where none was sent, as in a device login. */
  readonly nonce: string | null;
  readonly as: string | null;
  readonly http: Http;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * The identity at a provider that does not tell who logs in: the name given with `--as` stands for the person.
 *
 * @returns null where the provider tells
 * @throws VaultError `usage` when it does not and there is no name either
 */
export function namedByPerson(provider: ConfiguredProvider, as: string | null): Identity | null {
  if (provider.identity.from !== 'none') return null;
  if (as !== null) return { subject: as, email: null, name: null, details: {} };
  throw new VaultError(
    'usage',
    `${provider.title} does not tell who logged in, so the account needs a name of your choice`,
    {
      hint: `${command(`login ${provider.name} --as NAME`)}\nor set userinfoEndpoint for it in config.json`,
    },
  );
}

/**
 * Who logged in, and under which issuer. Unless the provider tells nothing at all, an id_token is checked whenever one
 * comes that was asked for.
 *
 * @throws VaultError `provider_answer_invalid`, `network_failed`, `provider_unavailable`, `usage`
 */
export async function whoLoggedIn(facts: IdentityFacts): Promise<{ identity: Identity; issuer: string }> {
  const { provider, answer } = facts;
  const named = namedByPerson(provider, facts.as);
  if (named !== null) return { identity: named, issuer: provider.issuer };
  const claims =
    answer.idToken !== null && facts.idTokenAsked ? await checkedClaims(facts, answer.idToken) : null;
  const source = withUserinfo(provider.identity, facts.server.userinfoEndpoint);
  const { http, accessToken } = facts;
  if (source.from === 'id_token' && source.request === null && claims === null && facts.idTokenAsked)
    throw cannotTell(provider);
  const identity = await readIdentity({ source, claims, answer, http, accessToken });
  const issuer =
    provider.issuerTemplate && typeof claims?.['iss'] === 'string' ? claims['iss'] : facts.server.issuer;
  if (identity.email !== null || identity.name !== null) return { identity, issuer };
  return { identity: await withName(identity, source, facts), issuer };
}

/**
 * The server was asked for an id_token (OpenID Connect Core §3.1.2.1) and has sent none, as some do in a device login. The name
 * given with `--as` does not stand for the person unless the configuration says so: a login in the browser may tell better.
 */
function cannotTell({ title, name }: ConfiguredProvider): VaultError {
  return new VaultError(
    'provider_answer_invalid',
    `${title} does not tell who logged in: the scope openid was asked for, no id_token came, and no userinfo endpoint is known`,
    {
      hint: `set providers.${name}.userinfoEndpoint in config.json, if it has one\nor add "identity": {"from": "none"} to providers.${name} in config.json, and choose a name for the person yourself with --as NAME`,
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

/** Many servers tell the name only at their userinfo endpoint. It makes a better label, and is no reason to fail. */
async function withName(identity: Identity, source: IdentitySource, facts: IdentityFacts): Promise<Identity> {
  const { http, answer, accessToken } = facts;
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

function withUserinfo(source: IdentitySource, endpoint: string | null): IdentitySource {
  if (source.from !== 'id_token' || source.request !== null || endpoint === null) return source;
  return { ...source, request: { url: endpoint, headers: {} } };
}

/**
 * Refuses another person than the one that `--login-hint` names. Compared with an e-mail address is the address
 * that the provider tells (not the name, which people choose, unless there is nothing else), with anything else the name; with
 * both the subject, the details of the identity and the name that the person's account has here. In any case of letters. Where
 * the provider tells nothing of the kind it is not known that it is another person, so nobody is refused.
 *
 * @param known the account of who logged in; null where there is none yet
 * @throws VaultError `wrong_person`
 */
export function checkHint(
  request: LoginRequest,
  identity: Identity,
  known: Pick<Account, 'label'> | null,
): void {
  const { loginHint, device } = request;
  if (loginHint === null) return;
  const { subject, email, name, details } = identity;
  const isAddress = loginHint.includes('@');
  const told = [isAddress ? (email ?? name) : name, ...Object.values(details)].filter(
    (value) => value !== null && (!isAddress || value.includes('@')),
  );
  if (told.length === 0) return;
  const names = [subject, known?.label, ...told].map((value) => value?.toLowerCase());
  if (names.includes(loginHint.toLowerCase())) return;
  const way = device ? '--device' : '';
  throw new VaultError(
    'wrong_person',
    `${email ?? name ?? subject} logged in, and --login-hint asked for ${loginHint}, so nothing was stored`,
    {
      hint: [
        `to log in as ${loginHint}, choose that person in the browser:`,
        retryLogin(request, way),
        'to log in as whoever is chosen there:',
        retryLogin({ ...request, loginHint: null }, way),
      ].join('\n'),
    },
  );
}
