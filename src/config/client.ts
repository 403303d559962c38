import { VaultError } from '../domain/errors.js';
import { Secret } from '../domain/secret.js';
import type { ClientFacts, RedirectFacts } from '../providers/contract.js';
import type { ProviderSettings } from '../providers/settings.js';

/** Placeholders of examples and templates. */
const PLACEHOLDER =
  /^(?:<.*>|\.{3}|…|x{3,}(?:[-_.]x+)*|your[-_ ].*|(?:change|replace)[-_ ]?me|(?:insert|paste|put|replace)[-_ ].*here|todo)(?:\.apps\.googleusercontent\.com)?$/i;

export type Lookup = (variable: string) => string | undefined;

/** A setting that a login needs, and the variable for it. */
export interface MissingSetting {
  readonly variable: string;
  /** `is not set` or `still holds a placeholder`. */
  readonly why: string;
  /** The placeholder in the line to write. */
  readonly what: 'client id' | 'client secret';
}

export interface Credentials {
  readonly clientId: string | null;
  readonly clientSecret: Secret | null;
  readonly missing: readonly MissingSetting[];
}

/**
 * Client id and client secret: from variables, else from `config.json`. The secret comes from the variable that is paired
 * with the id's, because the provider would refuse the secret of another client.
 */
export function findCredentials(
  client: ClientFacts,
  settings: ProviderSettings,
  lookup: Lookup,
): Credentials {
  const isSet = (value: string | undefined): value is string =>
    value !== undefined && value !== client.idExample && !PLACEHOLDER.test(value);
  const from = client.idVariables.findIndex((variable) => isSet(lookup(variable)));
  const named = client.idVariables[from];
  const configured = isSet(settings.clientId) ? settings.clientId : null;
  const clientId = named === undefined ? configured : (lookup(named) ?? null);
  const paired = named === undefined ? client.secretVariables : client.secretVariables.slice(from, from + 1);
  const secret = paired.map(lookup).find(isSet);
  const clientSecret =
    client.secret === 'forbidden'
      ? null
      : secret === undefined
        ? configuredSecret(settings)
        : new Secret(secret);

  const missing = (what: MissingSetting['what'], variables: readonly string[]): MissingSetting => {
    const held = variables.find((variable) => lookup(variable) !== undefined);
    const why = held === undefined ? 'is not set' : 'still holds a placeholder';
    return { variable: held ?? variables[0] ?? what, why, what };
  };
  const needsSecret = client.secret === 'required' && clientSecret === null;
  return {
    clientId,
    clientSecret,
    missing: [
      ...(clientId === null ? [missing('client id', client.idVariables)] : []),
      ...(needsSecret ? [missing('client secret', paired)] : []),
    ],
  };
}

function configuredSecret(settings: ProviderSettings): Secret | null {
  const secret = settings.clientSecret ?? null;
  return secret === null || PLACEHOLDER.test(secret.reveal()) ? null : secret;
}

/**
 * Checks the form of the client id, which the provider would check only after the login. The error does not repeat the
 * value: it may be the secret, pasted in the wrong place.
 *
 * @returns null when the form is right
 */
export function wrongClientId(title: string, client: ClientFacts, clientId: string): VaultError | null {
  if (client.idPattern === null || new RegExp(`^(?:${client.idPattern})$`).test(clientId)) return null;
  const where = client.idVariables.join(' or ');
  return new VaultError(
    'config_invalid',
    `the client id of ${title} (${where}) does not have the form of ${title}'s client ids`,
    {
      hint: `a valid client id looks like ${client.idExample}; copy it again from ${client.registrationUrl}`,
    },
  );
}

/** Quotes that docker's `--env-file` and careless pasting leave around a value. */
const QUOTED = /^["'`\u2018\u2019\u201c\u201d]|["'`\u2018\u2019\u201c\u201d]$/;

/** A mistake in copying id or secret; the message repeats neither. Null: none is seen. */
export function copyingMistake(
  { title, client }: { readonly title: string; readonly client: ClientFacts },
  clientId: string | null,
  clientSecret: Secret | null,
): string | null {
  const secret = clientSecret?.reveal() ?? '';
  const id = clientId ?? '';
  const fits = (value: string) =>
    client.idPattern !== null && new RegExp(`^(?:${client.idPattern})$`).test(value);
  if (id !== '' && id === secret) return `client id and client secret of ${title} are the same`;
  if (fits(secret) && !fits(id)) return `client id and client secret of ${title} seem to be swapped`;
  if (QUOTED.test(id)) return `the client id of ${title} begins or ends with a quote`;
  return QUOTED.test(secret) ? `the client secret of ${title} begins or ends with a quote` : null;
}

/** A redirect URI set by the user: one on this machine, or an https page whose address is pasted back. */
export interface RedirectChoice {
  /** Null where any port will do: the URI is built at each login. */
  readonly redirectUri: string | null;
  /** Null for https: there is no listener. */
  readonly redirect: RedirectFacts | null;
}

/**
 * Reads a redirect URI. `http` is for this machine only (RFC 8252 §7.3); with `https` the browser ends on a page of the
 * user, whose address is pasted back.
 *
 * @param setting its variable or field, for errors
 * @throws VaultError `config_invalid`
 */
export function readRedirectUri(text: string, setting: string): RedirectChoice {
  const url = /^[\x21-\x7e]{1,2048}$/.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== '' || url.password !== '' || text.includes('#')) {
    throw wrong(setting, 'is not a plain URL without user name and fragment');
  }
  if (url.protocol === 'https:') return { redirectUri: text, redirect: null };
  if (url.protocol !== 'http:') throw wrong(setting, 'must be an http or https URL');
  const host = url.hostname;
  if (host !== '127.0.0.1' && host !== 'localhost') {
    throw wrong(
      setting,
      'is http on a host other than 127.0.0.1 and localhost, where others could read the code',
    );
  }
  if (text.includes('?')) throw wrong(setting, 'must not have a query');
  const port = url.port === '' ? 0 : Number(url.port);
  // A URL object has the path `/` also where the text has none, and providers compare the text.
  const path = url.pathname === '/' && !text.endsWith('/') ? '' : url.pathname;
  return { redirectUri: port === 0 ? null : text, redirect: { host, port, path } };
}

function wrong(setting: string, why: string): VaultError {
  return new VaultError('config_invalid', `${setting} ${why}`, {
    hint: `set ${setting} to the redirect URI registered at the provider, for example http://127.0.0.1:8400/callback, or remove it`,
  });
}
