import type { Secret } from '../domain/secret.js';
import type { Provider } from '../providers/contract.js';

export interface EndpointRequest {
  readonly parameters: Readonly<Record<string, string>>;
  readonly provider: Pick<Provider, 'clientAuth' | 'tokenBody' | 'headers'>;
  readonly clientId: string;
  readonly clientSecret: Secret | null;
}

/**
 * Headers and body of a POST to a token or revocation endpoint, with the client's authentication either in a header
 * or in the body, never in both and never in the URL (RFC 6749 §2.3.1). A client without a secret is a public one
 * and names itself in the body, whatever the provider would accept from others (RFC 8252 §8.5).
 *
 * The body holds secrets: hand it to the HTTP client and nowhere else.
 */
export function buildTokenRequest(request: EndpointRequest): {
  headers: Record<string, string>;
  body: string;
} {
  const { provider, clientId, clientSecret } = request;
  const json = provider.tokenBody === 'json';
  const headers: Record<string, string> = {
    ...provider.headers,
    accept: 'application/json',
    'content-type': json ? 'application/json' : 'application/x-www-form-urlencoded',
  };
  const parameters: Record<string, string> = { ...request.parameters };
  if (clientSecret === null || provider.clientAuth === 'none') {
    parameters['client_id'] = clientId;
  } else if (provider.clientAuth === 'post') {
    parameters['client_id'] = clientId;
    parameters['client_secret'] = clientSecret.reveal();
  } else {
    const encode = provider.clientAuth === 'basic' ? formEncoded : (text: string) => text;
    const pair = `${encode(clientId)}:${encode(clientSecret.reveal())}`;
    headers['authorization'] = `Basic ${Buffer.from(pair, 'utf8').toString('base64')}`;
  }
  const body = json ? JSON.stringify(parameters) : new URLSearchParams(parameters).toString();
  return { headers, body };
}

/** application/x-www-form-urlencoded, RFC 6749 Appendix B. Leaves `-`, `.` and `_` alone: they are in every GUID. */
function formEncoded(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1);
}
