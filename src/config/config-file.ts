import * as v from 'valibot';
import { notKnown } from '../domain/closest.js';
import { parseEndpoint } from '../domain/endpoint.js';
import { VaultError } from '../domain/errors.js';
import { REPEATABLE_GRANTS } from '../domain/repeatable-grant.js';
import { quoted } from '../domain/safe-text.js';
import { Secret } from '../domain/secret.js';
import type { KeySourceSetting } from '../keysources/contract.js';
import type { IdentitySettings, ProviderSettings } from '../providers/settings.js';
import { accountNamesIn } from './account-names.js';
import { isObject, notifyIn, parseConfigJson } from './config-json.js';
import { keySourceIn } from './key-source.js';

/** The checked content of `config.json`. */
export interface ConfigFile {
  readonly keySource: KeySourceSetting | null;
  readonly providers: Readonly<Record<string, ProviderSettings>>;
  /** The user's client id metadata document, which is a client id at servers that read it; absent: none. */
  readonly clientMetadataUrl?: string;
  /** A program and its arguments; null when it is not set. */
  readonly notify: readonly string[] | null;
}

/** Reserved: a provider that could set them could undo the protection of the protocol. */
const PROTOCOL_PARAMS =
  /^(?:response_type|response_mode|client_id|client_secret|redirect_uri|scope|state|nonce|code_challenge|code_challenge_method|code_verifier|request|request_uri|grant_type|refresh_token|code|client_assertion|client_assertion_type|subject_token|subject_token_type)$/;
const PROTOCOL_HEADERS =
  /^(?:authorization|content-type|content-length|transfer-encoding|connection|host|cookie)$/i;

/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** RFC 9110 §5.1 and §5.5. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

const CLIENT_AUTH = ['none', 'post', 'basic', 'basic-raw', 'basic-id', 'private_key_jwt'] as const;
const REVOCATION_STYLES = ['rfc7009', 'json', 'bearer', 'none'] as const;

const text = v.pipe(
  v.string('must be a string'),
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(4096, 'is too long'),
  // A hint may show it, and each line of a hint is a step.
  v.regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters'),
);
const yesOrNo = v.boolean('must be true or false');

const address = v.pipe(
  text,
  v.check(
    (value) => parseEndpoint(value) !== null,
    'must be an https URL (http only on 127.0.0.1, [::1] or localhost)',
  ),
);

export const ISSUER_RULE =
  'must be an https URL without a query (http only on 127.0.0.1, [::1] or localhost)';

/** RFC 8414 §2: no query, no fragment. */
export function isIssuer(value: string): boolean {
  return parseEndpoint(value) !== null && !value.includes('?');
}

const issuer = v.pipe(text, v.check(isIssuer, ISSUER_RULE));

/** The name of the parameter for scopes; not that of another one of the protocol. */
const parameter = v.pipe(
  text,
  v.check(
    (name) => name === 'scope' || !PROTOCOL_PARAMS.test(name),
    'must not be another parameter of the protocol',
  ),
);
const seconds = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be at least 1'),
);

const scope = v.pipe(text, v.regex(SCOPE, 'must be a scope without spaces or quotes'));

function oneOf<const T extends readonly string[]>(values: T) {
  return v.picklist(values, `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`);
}

/** An object with a fixed set of members. */
function exactly<const T extends v.ObjectEntries>(entries: T) {
  const known = Object.keys(entries);
  return v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
    v.strictObject(entries, (issue) =>
      issue.expected === 'never' ? notKnown(String(issue.input), known) : 'must be given',
    ),
  );
}

/** An object of strings under names of the user's choice. */
function texts(fits: (name: string, value: string) => boolean, message: string) {
  return v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
    v.record(v.string(), v.string('must be a string')),
    v.check((given) => Object.entries(given).every(([name, value]) => fits(name, value)), message),
  );
}

const NO_PROTOCOL = 'must not contain parameters of the protocol itself, such as scope or state';
const params = texts((name) => name !== '' && !PROTOCOL_PARAMS.test(name), NO_PROTOCOL);
/** Some providers want the redirect URI of the login again. */
const refreshParams = texts(
  (name, value) =>
    name !== '' && (!PROTOCOL_PARAMS.test(name) || (name === 'redirect_uri' && value === '{redirect_uri}')),
  NO_PROTOCOL,
);
const headers = texts(
  (name, value) => HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !PROTOCOL_HEADERS.test(name),
  'must contain header names with printable values, without those of the protocol itself, such as Authorization',
);

const anyTexts = texts((name) => name !== '', 'must not have an empty name');
const paths = v.pipe(
  v.union(
    [
      v.array(text),
      v.pipe(
        text,
        v.transform((path) => [path]),
      ),
    ],
    'must be a string or a list of strings',
  ),
  v.nonEmpty('must not be empty'),
);

const identity = exactly({
  from: oneOf(['id_token', 'token_response', 'userinfo', 'none']),
  subject: v.exactOptional(paths),
  email: v.exactOptional(paths),
  name: v.exactOptional(paths),
  details: v.exactOptional(anyTexts),
  headers: v.exactOptional(headers),
  body: v.exactOptional(text),
}) satisfies v.GenericSchema<Readonly<Record<string, unknown>>, IdentitySettings>;

const revocation = v.union(
  [
    oneOf(REVOCATION_STYLES),
    exactly({
      style: oneOf(REVOCATION_STYLES),
      method: v.exactOptional(oneOf(['GET', 'DELETE'])),
      parameter: v.exactOptional(text),
      clientAuth: v.exactOptional(oneOf(CLIENT_AUTH)),
      token: v.exactOptional(oneOf(['access_token'])),
    }),
  ],
  `must be one of ${REVOCATION_STYLES.map((style) => `"${style}"`).join(', ')}, or an object with style`,
);

/** An origin, without a path. */
const origin = v.pipe(
  address,
  v.check((value) => new URL(value).origin === value, 'must be an https URL without a path'),
);

/** See {@link ProviderSettings}. */
const providerSettings = exactly({
  extends: v.exactOptional(text),
  title: v.exactOptional(text),
  issuer: v.exactOptional(issuer),
  authorizationEndpoint: v.exactOptional(address),
  tokenEndpoint: v.exactOptional(address),
  refreshEndpoint: v.exactOptional(address),
  revocationEndpoint: v.exactOptional(address),
  deviceAuthorizationEndpoint: v.exactOptional(address),
  userinfoEndpoint: v.exactOptional(address),
  baseUrl: v.exactOptional(issuer),
  grant: v.exactOptional(oneOf(REPEATABLE_GRANTS)),
  audience: v.exactOptional(text),
  resource: v.exactOptional(text),
  client: v.exactOptional(text),
  from: v.exactOptional(text),
  requestedTokenType: v.exactOptional(text),
  clientId: v.exactOptional(text),
  clientSecret: v.exactOptional(
    v.pipe(
      text,
      v.transform((value) => new Secret(value)),
    ),
  ),
  clientAuth: v.exactOptional(oneOf(CLIENT_AUTH)),
  clientKeyFile: v.exactOptional(text),
  clientKeyId: v.exactOptional(text),
  clientCertificateFile: v.exactOptional(text),
  clientAssertionAudience: v.exactOptional(oneOf(['endpoint', 'issuer'])),
  tokenBody: v.exactOptional(oneOf(['form', 'json'])),
  pkce: v.exactOptional(yesOrNo),
  insecureLoopback: v.exactOptional(yesOrNo),
  headers: v.exactOptional(headers),
  scopes: v.exactOptional(v.array(scope, 'must be a list of strings')),
  scopeSeparator: v.exactOptional(oneOf([' ', ',', '+'])),
  scopeParameter: v.exactOptional(parameter),
  scopesFrom: v.exactOptional(oneOf(['callback'])),
  tokenLifetime: v.exactOptional(seconds),
  expiresAtMember: v.exactOptional(text),
  regions: v.exactOptional(
    exactly({
      parameter: text,
      origins: v.pipe(v.array(origin, 'must be a list of strings'), v.nonEmpty('must not be empty')),
    }),
  ),
  scopeAliases: v.exactOptional(anyTexts),
  redirectUri: v.exactOptional(text),
  redirectHost: v.exactOptional(oneOf(['127.0.0.1', 'localhost'])),
  redirectPort: v.exactOptional(
    v.pipe(
      v.number('must be a number'),
      v.integer('must be a whole number'),
      v.minValue(0, 'must be at least 0'),
      v.maxValue(65_535, 'must be at most 65535'),
    ),
  ),
  redirectPath: v.exactOptional(
    v.pipe(
      v.string('must be a string'),
      v.regex(
        /^(?:\/[A-Za-z0-9._~\-/]*)?$/,
        'must be empty, or begin with / and contain only letters, digits, and / . _ ~ -',
      ),
    ),
  ),
  authorizeParams: v.exactOptional(params),
  reconsentParams: v.exactOptional(params),
  refreshParams: v.exactOptional(refreshParams),
  resend: v.exactOptional(oneOf(['once', 'never'])),
  identity: v.exactOptional(identity),
  revocation: v.exactOptional(revocation),
  manageUrl: v.exactOptional(address),
}) satisfies v.GenericSchema<Readonly<Record<string, unknown>>, ProviderSettings>;

/** Part of account names and of the names of variables. */
const PROVIDER_NAME = /^[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?$/;

/** Whether a provider of the user's own may have this name. */
export function isProviderName(name: string): boolean {
  return PROVIDER_NAME.test(name);
}

const NAME_RULE = 'is not a valid provider name: use lower-case letters and digits, with . _ - between them';

const schema = exactly({
  keySource: v.optional(v.unknown()),
  providers: v.optional(
    v.pipe(
      v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
      v.record(v.pipe(v.string(), v.regex(PROVIDER_NAME, NAME_RULE)), providerSettings),
    ),
    {},
  ),
  clientMetadataUrl: v.exactOptional(address),
  notify: v.optional(v.unknown()),
  aliases: v.optional(v.unknown()),
  defaultAccounts: v.optional(v.unknown()),
});

/**
 * Checks the text of `config.json`. Unknown members are errors, so that a mistyped one is noticed.
 *
 * @param text null when there is no such file
 * @throws VaultError `config_invalid`; `wrong` in its details says whether the type or the value of the setting is wrong
 */
export function parseConfigFile(text: string | null, file: string): ConfigFile {
  if (text === null) return { keySource: null, providers: {}, notify: null };
  const raw = parseConfigJson(text, file);
  const keySource = keySourceIn(raw, file);
  const notify = notifyIn(raw, file);
  accountNamesIn(raw, file);
  const result = v.safeParse(schema, raw, { abortEarly: true });
  if (!result.success) throw invalid(result.issues[0], file);
  const { providers, clientMetadataUrl } = result.output;
  return { keySource, providers, notify, ...(clientMetadataUrl !== undefined && { clientMetadataUrl }) };
}

function invalid(issue: v.BaseIssue<unknown>, file: string): VaultError {
  const path = (issue.path ?? []).map((item) => nameOf(item.key)).join('.');
  return new VaultError('config_invalid', `${file}: ${path} ${issue.message}`, {
    hint: `correct ${path} in ${quoted(file)}`,
    details: { path, wrong: isOfType(issue) ? 'value' : 'type' },
  });
}

/** Valibot checks types with schemas, and values with the actions after them; these two schemas look at values too. */
function isOfType({ kind, type }: v.BaseIssue<unknown>): boolean {
  return kind !== 'schema' || type === 'picklist' || type === 'strict_object';
}

/** The key is text of the user and goes to a terminal. */
function nameOf(key: unknown): string {
  return String(key)
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, 60);
}
