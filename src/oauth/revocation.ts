import type { Secret } from '../domain/secret.js';
import { describeTransport, TransportFailure } from '../domain/transport.js';
import type { Provider, RevocationFacts } from '../providers/contract.js';
import type { Http, HttpAnswer } from '../system/contract.js';
import { parseMembers } from './answer-body.js';
import type { RevocationOutcome } from './contract.js';
import { buildTokenRequest } from './token-endpoint.js';
import { classify, isSuccess, saysError } from './token-error.js';

export interface Revocation {
  /** Null when the provider has none. */
  readonly endpoint: string | null;
  readonly token: Secret;
  readonly hint: 'refresh_token' | 'access_token';
  readonly facts: RevocationFacts;
  readonly provider: Pick<Provider, 'clientAuth' | 'headers' | 'errors'>;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
  readonly signal?: AbortSignal;
  readonly deadline?: number;
  /** Milliseconds since the epoch, for a Retry-After date; default: the system's clock. */
  readonly now?: () => number;
}

/**
 * Revokes a token (RFC 7009, or a JSON body `{"token"}`), sending once. Any success status means revoked, also for an
 * unknown token (§2.2); while the provider is overloaded the token counts as valid (§2.2.1). `unsupported_token_type` is
 * returned as `refused`, so that the caller can try the other token.
 *
 * @throws TransportFailure when cancelled by the signal; every other transport failure is a `transient` outcome
 */
export async function revoke(http: Http, revocation: Revocation): Promise<RevocationOutcome> {
  const { endpoint, facts } = revocation;
  if (endpoint === null || facts.style === 'none') return { kind: 'unsupported' };
  try {
    return read(await send(http, endpoint, revocation), revocation, new URL(endpoint).host);
  } catch (failure) {
    if (!(failure instanceof TransportFailure) || failure.reason === 'aborted') throw failure;
    return { kind: 'transient', reason: describeTransport(failure), retryAfter: null };
  }
}

function send(http: Http, endpoint: string, revocation: Revocation): Promise<HttpAnswer> {
  const { token, hint, facts, provider, clientId, clientSecret, signal, deadline } = revocation;
  const json = facts.style === 'json';
  const request = buildTokenRequest({
    parameters: { token: token.reveal(), ...(json ? {} : { token_type_hint: hint }) },
    provider: { ...provider, tokenBody: json ? 'json' : 'form' },
    clientId,
    clientSecret,
  });
  return http.send({
    method: 'POST',
    url: endpoint,
    ...request,
    ...(signal === undefined ? {} : { signal }),
    ...(deadline === undefined ? {} : { deadline }),
  });
}

function read(answer: HttpAnswer, revocation: Revocation, host: string): RevocationOutcome {
  const { facts, provider, token, clientSecret, now = Date.now } = revocation;
  const members = parseMembers(answer);
  if (isSuccess(answer.status) && !(members !== null && saysError(members))) return { kind: 'revoked' };
  const sent = clientSecret === null ? [token] : [token, clientSecret];
  const refusal = classify(answer, members, provider.errors, now(), sent);
  if (facts.alreadyGone.includes(`${answer.status} ${refusal.error}`)) return { kind: 'already_gone' };
  // RFC 7009 §2.1 lets a public client revoke; a server that does not allow it sends only this status.
  if (refusal.error === 'http_401') {
    const description =
      clientSecret === null ? 'it takes no revocation from a client without a secret' : null;
    return { kind: 'refused', error: refusal.error, description };
  }
  if (refusal.class === 'transient') {
    const reason = `${host} answered with status ${answer.status}`;
    return { kind: 'transient', reason, retryAfter: refusal.retryAfter };
  }
  return { kind: 'refused', error: refusal.error, description: refusal.description };
}
