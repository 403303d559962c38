import { VaultError } from '../domain/errors.js';
import type { RedirectFacts } from '../providers/contract.js';

/** A redirect URI the user has set: listened on at this machine, or one of the user's own, finished by pasting. */
export interface RedirectChoice {
  /** Null where any port will do, so that the address is built anew at each login. */
  readonly redirectUri: string | null;
  /** Null for an https address: nothing is listened on. */
  readonly redirect: RedirectFacts | null;
}

/**
 * Reads a redirect URI that the user has set whole. `http` is for this machine alone (RFC 8252 §7.3); with `https`
 * the browser ends on a page of the user's own, whose address is pasted back.
 *
 * @param setting the variable or field it stands in, for errors
 * @throws VaultError `config_invalid`
 */
export function readRedirectUri(text: string, setting: string): RedirectChoice {
  const url = /^[\x21-\x7e]{1,2048}$/.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== '' || url.password !== '' || text.includes('#')) {
    throw wrong(setting, 'is not a plain address without user name and fragment');
  }
  if (url.protocol === 'https:') return { redirectUri: text, redirect: null };
  if (url.protocol !== 'http:') throw wrong(setting, 'must be an http or https address');
  const host = url.hostname;
  if (host !== '127.0.0.1' && host !== 'localhost') {
    throw wrong(
      setting,
      'is http on a host other than 127.0.0.1 and localhost, where others could read the code',
    );
  }
  if (text.includes('?')) throw wrong(setting, 'must not have a query');
  const port = url.port === '' ? 0 : Number(url.port);
  // A URL object shows `/` for no path as well, and providers compare the text.
  const path = url.pathname === '/' && !text.endsWith('/') ? '' : url.pathname;
  return { redirectUri: port === 0 ? null : text, redirect: { host, port, path } };
}

function wrong(setting: string, why: string): VaultError {
  return new VaultError('config_invalid', `${setting} ${why}`, {
    hint: `set ${setting} to the redirect URI registered at the provider, for example http://127.0.0.1:8400/callback, or remove it`,
  });
}
