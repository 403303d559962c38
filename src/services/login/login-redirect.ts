import type { LoginMachine } from '../../access/login-machine.js';
import type { Audit } from '../../domain/audit-events.js';
import { redirectUri } from '../../domain/endpoint.js';
import { VaultError } from '../../domain/errors.js';
import { type LoopbackListener, listen } from '../../oauth/loopback/listener.js';
import type { LoginOutcome } from '../../oauth/loopback/page.js';
import type { ConfiguredProvider, RedirectFacts } from '../../providers/contract.js';
import type { LoginRequest } from './login-request.js';

/** How the answer to the login arrives. */
export type Redirect =
  /** A browser on this machine is redirected to a loopback listener (RFC 8252 §7.3). */
  | { readonly kind: 'listen'; readonly facts: RedirectFacts }
  /** The user pastes the URL of the last page. `facts`: where that is on this machine; else null. */
  | { readonly kind: 'paste'; readonly redirectUri: string; readonly facts: RedirectFacts | null };

const DEFAULT_PASTE_PORT = 8976;

/**
 * Chooses by the provider's settings, the user's redirect URI and the command line. A redirect URI that is not on loopback can only
 * be pasted.
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
      `--port ${request.port} contradicts the configured redirect URI of ${provider.name}`,
      {
        hint: 'omit --port, or change OAUTH_REDIRECT_URI (redirectUri in config.json)',
      },
    );
  }
  if (own !== null && provider.redirectUri !== null && (own.protocol === 'https:' || request.pasteOnly)) {
    const facts = own.protocol === 'https:' ? null : provider.redirect;
    return { kind: 'paste', redirectUri: provider.redirectUri, facts };
  }
  const facts = { ...provider.redirect, port: request.port ?? provider.redirect.port };
  if (!request.pasteOnly) return { kind: 'listen', facts };
  const fixed = pasteRedirect(facts);
  return { kind: 'paste', redirectUri: redirectUri(fixed), facts: fixed };
}

/** With a port, where any is accepted. */
export function pasteRedirect(facts: RedirectFacts): RedirectFacts {
  return facts.port === 0 ? { ...facts, port: DEFAULT_PASTE_PORT } : facts;
}

export interface OpenRedirect {
  readonly redirectUri: string;
  /** As it is registered at the provider: without a port where any is accepted. */
  readonly registered: string;
  /** The URL of the redirect; where the answer is pasted this can only reject. Null without a listener. */
  readonly response: Promise<URL> | null;
  /** Where the listener is; null where the answer is pasted. */
  readonly listening: { readonly host: RedirectFacts['host']; readonly port: number } | null;
  /** The start page for a browser on this machine; null without a listener. */
  readonly startPage: Pick<LoopbackListener, 'begin' | 'withdraw'> | null;
  /** How the login ended, for the page in the browser. */
  conclude(outcome: LoginOutcome): void;
  close(): Promise<void>;
}

export interface RedirectOptions extends Pick<LoginMachine, 'isOtherUser' | 'isOthersPort'> {
  readonly state: string;
  readonly provider: Pick<ConfiguredProvider, 'name' | 'title' | 'pkce'>;
  readonly audit: Audit;
  readonly signal: AbortSignal;
}

/** Listens before a browser is opened, so that the port is held when the answer comes. @throws VaultError `port_unavailable` */
export async function openRedirect(redirect: Redirect, options: RedirectOptions): Promise<OpenRedirect> {
  if (redirect.kind === 'paste') return openPaste(redirect, options);
  const listener = await listenAt(redirect.facts, options, false);
  const listening = { host: redirect.facts.host, port: listener.port };
  return { ...listener, registered: redirectUri(redirect.facts), listening, startPage: listener };
}

/**
 * Holds the port of the redirect URI, so that no other program receives the answer, and serves a page that says to copy its URL.
 * Where another program has the port, only PKCE keeps it from using the code or injecting its own (RFC 7636 §1, RFC 9700 §4.5). A
 * browser that this program opens begins at a start page in either case.
 *
 * @throws VaultError `port_unavailable` where there is no PKCE, and the port may be another user's
 */
async function openPaste(
  { redirectUri, facts }: Extract<Redirect, { kind: 'paste' }>,
  options: RedirectOptions,
): Promise<OpenRedirect> {
  const held = facts === null ? null : await listenAt(facts, options, true).catch(unlessTaken);
  if (facts !== null && held === null && !options.provider.pkce && (await options.isOthersPort(facts.port)))
    throw pasteUnsafe(options.provider.name, facts.port);
  const anywhere = { host: '127.0.0.1', port: 0, path: '' } as const;
  const page = held ?? (await listenAt(anywhere, options, true).catch(unlessTaken));
  return {
    redirectUri,
    registered: redirectUri,
    response: page?.response ?? null,
    listening: null,
    startPage: page,
    conclude: () => undefined,
    close: async () => page?.close(),
  };
}

function listenAt(
  facts: RedirectFacts,
  options: RedirectOptions,
  toBeCopied: boolean,
): Promise<LoopbackListener> {
  const { state, audit, isOtherUser, signal } = options;
  const { name: provider, title } = options.provider;
  return listen({
    ...facts,
    title,
    state,
    isOtherUser,
    signal,
    toBeCopied,
    onStray: (why, count) => audit.record({ event: 'callback_refused', provider, why, count }),
  });
}

function unlessTaken(failure: unknown): null {
  if (failure instanceof VaultError && failure.code === 'port_unavailable') return null;
  throw failure;
}

function pasteUnsafe(provider: string, port: number): VaultError {
  return new VaultError(
    'port_unavailable',
    `port ${port} is in use by another program; without PKCE, that program could log in as a different user`,
    {
      hint: `stop the program that uses port ${port}, or use another redirect URI that is registered at the provider: set OAUTH_REDIRECT_URI, or redirectUri of ${provider} in config.json`,
    },
  );
}

/**
 * Opens a browser on this machine, at the start page where there is a listener: every user of the machine sees the arguments of a
 * browser, and the provider's URL is enough to complete the login as another user.
 *
 * @returns the URL to open by hand where no browser could be opened or none appears
 */
export async function openBrowser(
  { browser, surroundings }: Pick<LoginMachine, 'browser' | 'surroundings'>,
  startPage: OpenRedirect['startPage'],
  url: string,
): Promise<{ readonly opened: boolean; readonly url: string }> {
  // In a codespace the browser runs on another machine and cannot reach the start page; this machine has no other users.
  if (surroundings.codespace) return { opened: await browser.open(url), url };
  if (startPage === null) return { opened: false, url };
  const start = startPage.begin(url);
  const opened = await browser.open(start);
  return { opened, url: !opened && startPage.withdraw() ? url : start };
}
