import type { Account, Identity } from '../../domain/account.js';
import { command } from '../../domain/hints.js';
import { quoted } from '../../domain/safe-text.js';
import type { DesktopEnvironment } from '../../system/desktop-environment.js';

/* What a login asks for, what it needs from the terminal, and what it brings. */

export interface LoginRequest {
  readonly provider: string;
  /** The label to give the account. */
  readonly as: string | null;
  /** Empty: what an account that is named asked for before, else the provider's default scopes. */
  readonly scopes: readonly string[];
  /** On top of what an account has asked for already; only the person of that account may log in then. */
  readonly addScopes: readonly string[];
  readonly loginHint: string | null;
  readonly openBrowser: boolean;
  /** Do not listen; the redirect URL will be pasted. */
  readonly pasteOnly: boolean;
  /** By a code that is typed on any other device (RFC 8628); nothing is opened or listened on here. */
  readonly device: boolean;
  /** Null: the provider's own choice. */
  readonly port: number | null;
  /** Milliseconds. */
  readonly timeout: number;
}

/** What the login needs from the person's terminal. */
export interface LoginTalk {
  on(event: LoginEvent): void;
  /** Lines the person types or pastes; ends when the signal is aborted. Null where there is nobody to ask. */
  readonly pasted: ((signal: AbortSignal) => AsyncIterable<string>) | null;
}

export type LoginEvent =
  /** Before anything is opened. `opened` says whether a browser was started. */
  | {
      readonly kind: 'authorize';
      /** What a person opens: the provider's address, or the start page where a browser was sent there. */
      readonly url: string;
      readonly redirectUri: string;
      readonly opened: boolean;
      /** Where this program waits for the browser; null where it does not. */
      readonly listening: { readonly host: '127.0.0.1' | 'localhost'; readonly port: number } | null;
      readonly surroundings: DesktopEnvironment;
      /** The command for a login by device code, where the provider has that; else null. */
      readonly instead: string | null;
    }
  | { readonly kind: 'wrong_paste'; readonly reason: string }
  | { readonly kind: 'code_received' }
  /** The tokens are there, and another process holds the account that they are for. */
  | { readonly kind: 'account_held' }
  /** What the person is to type, and where. `endsAt`: milliseconds since the epoch. */
  | {
      readonly kind: 'device_code';
      readonly userCode: string;
      readonly verificationUri: string;
      /** With the code in it; null where the provider sends none. */
      readonly verificationUriComplete: string | null;
      readonly endsAt: number;
    }
  /** The provider was asked: the person is not done, or there was no clear answer. */
  | { readonly kind: 'device_wait'; readonly standing: 'pending' | 'unclear'; readonly endsAt: number };

export interface LoginResult {
  readonly account: Account;
  readonly identity: Identity;
  readonly missingScopes: readonly string[];
  readonly created: boolean;
  /** The name it had before, when `--as` gave the same person a new one. */
  readonly renamedFrom: string | null;
  /** This login brought no refresh token, and the one from an earlier login is still stored. */
  readonly keptRefreshToken: boolean;
  /** It was kept though it may be spent: the answer of a refresh that sent it was lost. */
  readonly inDoubt: boolean;
  /** What the account had been granted before and this login did not bring. */
  readonly withdrawnScopes: readonly string[];
}

/** What a login would do, for `--dry-run`: nothing is sent, opened or listened on. */
export interface LoginPlan {
  readonly provider: string;
  readonly title: string;
  readonly issuer: string;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly clientId: string;
  /** Null for a login by device code, which redirects nobody. */
  readonly redirectUri: string | null;
  readonly device: boolean;
  /** Null where it is asked of the issuer at login, and for a login in the browser. */
  readonly deviceAuthorizationEndpoint: string | null;
  readonly scopes: readonly string[];
  readonly pkce: boolean;
  /** Sent with the authorization request besides the protocol's own parameters. */
  readonly authorizeParams: Readonly<Record<string, string>>;
  /** The name of the account whose grant would be widened. */
  readonly account: string | null;
}

/**
 * The command for the same login once more.
 *
 * @param by left out: in the browser
 */
export function retryLogin(
  request: Pick<LoginRequest, 'provider' | 'as' | 'scopes' | 'addScopes' | 'loginHint'>,
  by: '' | '--paste' | '--device' | '--no-browser' = '',
): string {
  const { provider, as, scopes, addScopes, loginHint } = request;
  const words = [
    quoted(provider),
    ...(as === null ? [] : ['--as', quoted(as)]),
    ...scopes.flatMap((scope) => ['--scope', quoted(scope)]),
    ...addScopes.flatMap((scope) => ['--add-scope', quoted(scope)]),
    ...(loginHint === null ? [] : ['--login-hint', quoted(loginHint)]),
    ...(by === '' ? [] : [by]),
  ];
  return command(`login ${words.join(' ')}`);
}
