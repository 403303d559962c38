import type { Account, Identity } from '../../domain/account.js';
import { command } from '../../domain/hints.js';
import type { RepeatableGrant } from '../../domain/repeatable-grant.js';
import { quoted } from '../../domain/safe-text.js';
import type { DesktopEnvironment } from '../../system/desktop-environment.js';

/* What a login requests, what it needs of the terminal, and its result. */

export interface LoginRequest {
  /** A provider; an account, and then only its user may log in; or the URL of a protected resource or an issuer. */
  readonly name: string;
  /** The label to give the account. */
  readonly as: string | null;
  /** Empty: those that the named account requested before, else the provider's defaults. */
  readonly scopes: readonly string[];
  /** Added to those that one account has requested; only its user may log in. */
  readonly addScopes: readonly string[];
  readonly loginHint: string | null;
  readonly openBrowser: boolean;
  /** Do not listen; the redirect URL will be pasted. */
  readonly pasteOnly: boolean;
  /** By a code that is typed on another device (RFC 8628). */
  readonly device: boolean;
  /** Null: the provider's default. */
  readonly port: number | null;
  /** Milliseconds. */
  readonly timeout: number;
}

export interface LoginTalk {
  on(event: LoginEvent): void;
  /** Lines of input, until the signal is aborted. Null where the terminal is not interactive. */
  readonly pasted: ((signal: AbortSignal) => AsyncIterable<string>) | null;
}

export type LoginEvent =
  /** What a URL is protected by. `added`: the file that a provider for it was added to; null: there was one. */
  | {
      readonly kind: 'found';
      readonly resource: string | null;
      readonly issuer: string;
      readonly provider: string;
      readonly added: string | null;
    }
  /** Before anything is opened. `opened` says whether a browser was started. */
  | {
      readonly kind: 'authorize';
      /** The URL to open: the provider's, or the start page where a browser was opened with it. */
      readonly url: string;
      readonly redirectUri: string;
      readonly opened: boolean;
      /** Null without a listener. */
      readonly listening: { readonly host: '127.0.0.1' | 'localhost'; readonly port: number } | null;
      readonly surroundings: DesktopEnvironment;
      /** The command for a login by device code, where the provider has that; else null. */
      readonly instead: string | null;
    }
  | { readonly kind: 'wrong_paste'; readonly reason: string }
  | { readonly kind: 'code_received' }
  /** The tokens have come, and another process holds the account. */
  | { readonly kind: 'account_held' }
  /** The code to type, and where. `endsAt`: milliseconds since the epoch. */
  | {
      readonly kind: 'device_code';
      readonly userCode: string;
      readonly verificationUri: string;
      /** Includes the code; null where the provider sends none. */
      readonly verificationUriComplete: string | null;
      readonly endsAt: number;
    }
  /** After a poll: the user has not finished, or there was no clear answer. */
  | { readonly kind: 'device_wait'; readonly state: 'pending' | 'unclear'; readonly endsAt: number };

export interface LoginResult {
  readonly account: Account;
  readonly identity: Identity;
  readonly missingScopes: readonly string[];
  readonly created: boolean;
  /** The former name, when `--as` renamed the account. */
  readonly renamedFrom: string | null;
  /** This login brought no refresh token, and an earlier one is still stored. */
  readonly keptRefreshToken: boolean;
  /** The kept one may no longer work: the answer of a refresh that sent it was lost. */
  readonly tokenMayBeSpent: boolean;
  /** Scopes that the account had and this login did not bring. */
  readonly withdrawnScopes: readonly string[];
}

/**
 * What a login would do, for `--dry-run`: nothing is sent, opened or listened on. The names are an API: with `--json` they are
 * printed in snake case.
 */
export interface LoginPlan {
  readonly provider: string;
  readonly title: string;
  readonly issuer: string;
  readonly authorizationEndpoint: string | null;
  readonly tokenEndpoint: string | null;
  readonly clientId: string;
  /** Whether this program registers its client itself; `clientId` is empty until it has. */
  readonly registered: boolean;
  /** The protected resource that the tokens are for; null: not named. */
  readonly resource: string | null;
  /** Where no user logs in; else null. */
  readonly grant: RepeatableGrant | null;
  /** Null for a login by device code, and where no user logs in. */
  readonly redirectUri: string | null;
  readonly device: boolean;
  /** Null where it is discovered at login, and for a login in the browser. */
  readonly deviceAuthorizationEndpoint: string | null;
  readonly scopes: readonly string[];
  readonly pkce: boolean;
  /** Provider-specific parameters of the authorization request. */
  readonly authorizeParams: Readonly<Record<string, string>>;
  /** The account that is logged in again or whose grant is widened; null: the account of the user who logs in. */
  readonly account: string | null;
}

/**
 * The command for the same login once more.
 *
 * @param by left out: in the browser
 */
export function retryLogin(
  request: Pick<LoginRequest, 'name' | 'as' | 'scopes' | 'addScopes' | 'loginHint'>,
  by: '' | '--paste' | '--device' | '--no-browser' = '',
): string {
  const { name, as, scopes, addScopes, loginHint } = request;
  const words = [
    quoted(name),
    ...(as === null ? [] : ['--as', quoted(as)]),
    ...scopes.flatMap((scope) => ['--scope', quoted(scope)]),
    ...addScopes.flatMap((scope) => ['--add-scope', quoted(scope)]),
    ...(loginHint === null ? [] : ['--login-hint', quoted(loginHint)]),
    ...(by === '' ? [] : [by]),
  ];
  return command(`login ${words.join(' ')}`);
}
