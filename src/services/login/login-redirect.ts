import type { Audit } from '../../audit/events.js';
import { VaultError } from '../../domain/errors.js';
import type { IsOtherUser } from '../../oauth/loopback/guests.js';
import { type LoopbackListener, listen } from '../../oauth/loopback/listener.js';
import type { ConfiguredProvider, RedirectFacts } from '../../providers/contract.js';
import type { Browser } from '../../system/contract.js';
import type { LoginRequest } from '../contract.js';

/** How the answer to the login comes back. */
export type Redirect =
  /** A browser on this machine is sent to a listener on loopback (RFC 8252 §7.3). */
  | { readonly kind: 'listen'; readonly facts: RedirectFacts }
  /** Nothing listens; the person pastes the address the browser ended at. */
  | { readonly kind: 'paste'; readonly redirectUri: string };

const DEFAULT_PASTE_PORT = 8976;

/**
 * Decides by the provider's facts, the user's own redirect URI and the command line. A redirect URI that is not on
 * loopback can only be pasted.
 *
 * @throws VaultError `usage` when the port asked for contradicts the redirect URI
 */
export function redirectFor(
  provider: ConfiguredProvider,
  request: Pick<LoginRequest, 'port' | 'pasteOnly'>,
): Redirect {
  const own = provider.redirectUri === null ? null : new URL(provider.redirectUri);
  if (own !== null && request.port !== null && String(request.port) !== own.port) {
    throw new VaultError(
      'usage',
      `--port ${request.port} contradicts the redirect URI that is configured for ${provider.name}`,
      {
        hint: 'leave --port out, or change OAUTH_REDIRECT_URI (redirectUri in config.json)',
      },
    );
  }
  if (own !== null && provider.redirectUri !== null && (own.protocol === 'https:' || request.pasteOnly)) {
    return { kind: 'paste', redirectUri: provider.redirectUri };
  }
  const facts = { ...provider.redirect, port: request.port ?? provider.redirect.port };
  if (!request.pasteOnly) return { kind: 'listen', facts };
  return {
    kind: 'paste',
    redirectUri: redirectUri({ ...facts, port: facts.port === 0 ? DEFAULT_PASTE_PORT : facts.port }),
  };
}

/** A redirect URI as it is registered: without the port where the system chooses one. */
export function redirectUri({ host, port, path }: RedirectFacts): string {
  return `http://${host}${port === 0 ? '' : `:${port}`}${path}`;
}

export interface OpenRedirect {
  readonly redirectUri: string;
  /** The same as the provider has to know it: without the port where any will do. */
  readonly registered: string;
  /** The address the browser was sent to; null where nothing listens. */
  readonly response: Promise<URL> | null;
  /** Where the listener is; null where nothing listens. */
  readonly listening: { readonly host: RedirectFacts['host']; readonly port: number } | null;
  /** The page by which a browser on this machine begins; null where nothing listens. */
  readonly startPage: Pick<LoopbackListener, 'begin' | 'withdraw'> | null;
  close(): Promise<void>;
}

export interface RedirectOptions {
  readonly state: string;
  readonly provider: string;
  readonly audit: Audit;
  readonly isOtherUser: IsOtherUser;
  readonly signal: AbortSignal;
}

/** Listens before any browser is opened, so that the port is ours when the answer comes. @throws VaultError `port_unavailable` */
export async function openRedirect(redirect: Redirect, options: RedirectOptions): Promise<OpenRedirect> {
  if (redirect.kind === 'paste') {
    const { redirectUri } = redirect;
    return {
      redirectUri,
      registered: redirectUri,
      response: null,
      listening: null,
      startPage: null,
      close: async () => {},
    };
  }
  const { provider, audit } = options;
  const listener = await listen({
    ...redirect.facts,
    ...options,
    toBeCopied: false,
    onStray: (why, count) => audit.record({ event: 'callback_refused', provider, why, count }),
  });
  const listening = { host: redirect.facts.host, port: listener.port };
  return { ...listener, registered: redirectUri(redirect.facts), listening, startPage: listener };
}

/**
 * Opens a browser on this machine, and where something listens not at the provider's address: every user of the machine
 * sees the arguments of a browser, and that address is enough to finish the login as another person.
 *
 * @returns what a person opens where no browser could be opened, or does not show
 */
export async function openBrowser(
  browser: Browser,
  startPage: OpenRedirect['startPage'],
  url: string,
): Promise<{ readonly opened: boolean; readonly url: string }> {
  if (startPage === null) return { opened: await browser.open(url), url };
  const start = startPage.begin(url);
  const opened = await browser.open(start);
  return { opened, url: !opened && startPage.withdraw() ? url : start };
}
