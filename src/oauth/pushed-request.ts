import type { Http } from '../system/contract.js';
import { member, parseMembers } from './answer-body.js';
import type { RefusedAnswer } from './contract.js';
import { post, type TokenEndpoint } from './token-endpoint.js';
import { classify, isSuccess, saysError } from './token-error.js';

/** The `request_uri` that names the pushed request (RFC 9126 §2.2); it goes into the URL of a browser. */
const REQUEST_URI = /^[\x21-\x7e]{1,512}$/;

/**
 * Sends an authorization request to the server itself, with client authentication (RFC 9126 §2.1): what the browser carries is only a
 * reference to it.
 *
 * @param parameters those of the authorization request; null ones are not sent
 * @throws TransportFailure
 */
export async function pushRequest(
  http: Http,
  to: TokenEndpoint,
  parameters: Readonly<Record<string, string | null>>,
): Promise<{ readonly kind: 'pushed'; readonly requestUri: string } | RefusedAnswer> {
  const { provider, clientSecret, now = Date.now } = to;
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null);
  const answer = await post(
    http,
    { ...to, provider: { ...provider, tokenBody: 'form' } },
    Object.fromEntries(given),
  );
  const members = parseMembers(answer);
  const requestUri = member(members, 'request_uri');
  const isPushed = isSuccess(answer.status) && members !== null && !saysError(members);
  if (isPushed && typeof requestUri === 'string' && REQUEST_URI.test(requestUri))
    return { kind: 'pushed', requestUri };
  return classify(answer, members, provider.errors, now(), clientSecret === null ? [] : [clientSecret]);
}
