import { redirectUri } from '../domain/endpoint.js';
import type { ConfiguredProvider, Endpoints } from '../providers/contract.js';

type Texts = Readonly<Record<string, string>>;

/**
 * Puts the client id in the place of `{client_id}` in addresses, headers and parameters, and the redirect URI in the place of
 * `{redirect_uri}` in refresh parameters: some providers want them there.
 */
export function withoutPlaceholders(provider: ConfiguredProvider): ConfiguredProvider {
  const { clientId, endpoints, identity } = provider;
  const inUrl = <T extends string | null>(url: T) =>
    (url === null ? url : url.replaceAll('{client_id}', () => encodeURIComponent(clientId))) as T;
  const inText = (text: string) => text.replaceAll('{client_id}', () => clientId);
  const inTexts = (texts: Texts) => mapped(texts, inText);
  const registered = provider.redirectUri ?? redirectUri(provider.redirect);
  const { request } = identity;
  return {
    ...provider,
    endpoints: endpoints && (mapped(endpoints as unknown as Texts, inUrl) as unknown as Endpoints),
    headers: inTexts(provider.headers),
    authorizeParams: inTexts(provider.authorizeParams),
    reconsentParams: inTexts(provider.reconsentParams),
    refreshParams: mapped(provider.refreshParams, (text) =>
      inText(text).replaceAll('{redirect_uri}', () => registered),
    ),
    identity: {
      ...identity,
      request: request && { ...request, url: inUrl(request.url), headers: inTexts(request.headers) },
    },
  };
}

function mapped(texts: Texts, change: (text: string) => string): Texts {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}
