import type { Secret } from '../domain/secret.js';
import { describeTransport, TransportFailure } from '../domain/transport.js';
import type { Provider, RevocationFacts } from '../providers/contract.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { parseMembers } from './answer-body.js';
import type { RevocationOutcome } from './contract.js';
import { buildTokenRequest, type TokenEndpoint } from './token-endpoint.js';
import { classify, isSuccess, saysError } from './token-error.js';

export interface Revocation
  extends Pick<TokenEndpoint, 'endpoint' | 'clientId' | 'clientSecret' | 'deadline'> {
  readonly token: Secret;
  readonly hint: 'refresh_token' | 'access_token';
  readonly facts: RevocationFacts;
  readonly provider: Pick<Provider, 'clientAuth' | 'assertion' | 'headers' | 'errors'>;
}

/**
 * Revokes a token (RFC 7009, or as {@link RevocationFacts} says), sending once. Any success status means revoked, also for an
 * unknown token (§2.2); while the provider is overloaded the token counts as valid (§2.2.1). `unsupported_token_type` is
 * returned as `refused`, so that the caller can try the other token.
 */
export async function revoke(http: Http, revocation: Revocation): Promise<RevocationOutcome> {
  try {
    return read(await send(http, revocation), revocation);
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    return { kind: 'transient', reason: describeTransport(failure) };
  }
}

function send(http: Http, revocation: Revocation): Promise<HttpAnswer> {
  const { endpoint, token, hint, facts, provider, clientId, clientSecret, deadline } = revocation;
  const { style, method = 'POST', parameter = 'token', clientAuth = provider.clientAuth } = facts;
  if (style === 'bearer') {
    const headers = {
      ...provider.headers,
      accept: 'application/json',
      authorization: `Bearer ${token.reveal()}`,
    };
    return http.send({ method, url: endpoint, headers, deadline });
  }
  const json = style === 'json';
  const hinted = json || facts.token !== undefined ? {} : { token_type_hint: hint };
  const request = buildTokenRequest({
    endpoint,
    parameters: { [parameter]: token.reveal(), ...hinted },
    provider: { ...provider, clientAuth, tokenBody: json ? 'json' : 'form' },
    clientId,
    clientSecret,
  });
  return http.send({ method, url: endpoint, ...request, deadline });
}

function read(answer: HttpAnswer, revocation: Revocation): RevocationOutcome {
  const { endpoint, facts, provider, token, clientSecret } = revocation;
  const members = parseMembers(answer);
  if (isSuccess(answer.status) && !(members !== null && saysError(members))) return { kind: 'revoked' };
  const sent = clientSecret === null ? [token] : [token, clientSecret];
  const refusal = classify(answer, members, provider.errors, Date.now(), sent);
  if (facts.alreadyGone.includes(`${answer.status} ${refusal.error}`)) return { kind: 'already_gone' };
  // RFC 7009 §2.1 lets a public client revoke; a server that does not allow it sends only this status.
  if (refusal.error === 'http_401') {
    const description =
      facts.style === 'bearer'
        ? 'it takes only an access token that still works; refresh it first'
        : clientSecret === null
          ? 'it accepts no revocation from a client without a secret'
          : null;
    return { kind: 'refused', error: refusal.error, description };
  }
  if (refusal.class === 'transient') {
    return { kind: 'transient', reason: `${new URL(endpoint).host} answered with status ${answer.status}` };
  }
  return { kind: 'refused', error: refusal.error, description: refusal.description };
}
