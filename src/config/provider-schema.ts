import * as v from 'valibot';
import { parseEndpoint } from '../domain/endpoint.js';
import { Secret } from '../domain/secret.js';
import type { IdentitySettings, ProviderSettings } from '../providers/contract.js';
import { isObject } from './json.js';

/** They belong to the protocol; a provider that could set them could undo its protection. */
const PROTOCOL_PARAMS =
  /^(?:response_type|response_mode|client_id|client_secret|redirect_uri|scope|state|nonce|code_challenge|code_challenge_method|code_verifier|request|request_uri|grant_type|refresh_token|code)$/;
const PROTOCOL_HEADERS =
  /^(?:authorization|content-type|content-length|transfer-encoding|connection|host|cookie)$/i;

/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
/** RFC 9110 §5.1 and §5.5. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

const text = v.pipe(
  v.string('must be a text'),
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(4096, 'is too long'),
  // It may be shown in a hint, where a line is a step of its own.
  v.regex(/^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'must be one line without control characters'),
);
const yesOrNo = v.boolean('must be true or false');

const address = v.pipe(
  text,
  v.check(
    (value) => parseEndpoint(value) !== null,
    'must be an https address (http on 127.0.0.1, [::1] or localhost alone)',
  ),
);

/** RFC 8414 §2: no query, no fragment. */
const issuer = v.pipe(
  address,
  v.check((value) => !value.includes('?'), 'must be an address without a query'),
);

const scope = v.pipe(text, v.regex(SCOPE, 'must be scopes, each without spaces or quotes'));

function oneOf<const T extends readonly string[]>(values: T) {
  return v.picklist(values, `must be one of ${values.map((value) => JSON.stringify(value)).join(', ')}`);
}

/** An object that knows all its keys; a key it does not know is named together with those it does. */
export function exactly<const T extends v.ObjectEntries>(entries: T) {
  const known = Object.keys(entries).join(', ');
  return v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
    v.strictObject(entries, (issue) =>
      issue.expected === 'never' ? `is not known; allowed there: ${known}` : 'must be given',
    ),
  );
}

/** An object of texts under names of the user's choice. */
function texts(fits: (name: string, value: string) => boolean, message: string) {
  return v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isObject, 'must be an object'),
    v.record(v.string(), v.string('must be a text')),
    v.check((given) => Object.entries(given).every(([name, value]) => fits(name, value)), message),
  );
}

const params = texts(
  (name) => name !== '' && !PROTOCOL_PARAMS.test(name),
  'must not hold parameters of the protocol itself, such as scope or state',
);
const headers = texts(
  (name, value) => HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !PROTOCOL_HEADERS.test(name),
  'must hold header names and printable values, and none that the protocol itself sets, such as Authorization',
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
    'must be a text or a list of texts',
  ),
  v.nonEmpty('must not be empty'),
);

const identity = exactly({
  from: oneOf(['id_token', 'token_response', 'userinfo', 'none']),
  subject: v.exactOptional(paths),
  email: v.exactOptional(paths),
  name: v.exactOptional(paths),
  details: v.exactOptional(anyTexts),
}) satisfies v.GenericSchema<Readonly<Record<string, unknown>>, IdentitySettings>;

/** See {@link ProviderSettings}. The client secret leaves it wrapped. */
export const providerSettings = exactly({
  extends: v.exactOptional(text),
  title: v.exactOptional(text),
  issuer: v.exactOptional(issuer),
  authorizationEndpoint: v.exactOptional(address),
  tokenEndpoint: v.exactOptional(address),
  revocationEndpoint: v.exactOptional(address),
  deviceAuthorizationEndpoint: v.exactOptional(address),
  userinfoEndpoint: v.exactOptional(address),
  clientId: v.exactOptional(text),
  clientSecret: v.exactOptional(
    v.pipe(
      text,
      v.transform((value) => new Secret(value)),
    ),
  ),
  clientAuth: v.exactOptional(oneOf(['none', 'post', 'basic', 'basic-raw'])),
  tokenBody: v.exactOptional(oneOf(['form', 'json'])),
  pkce: v.exactOptional(yesOrNo),
  insecureLoopback: v.exactOptional(yesOrNo),
  headers: v.exactOptional(headers),
  scopes: v.exactOptional(v.array(scope, 'must be a list of texts')),
  scopeSeparator: v.exactOptional(oneOf([' ', ','])),
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
      v.string('must be a text'),
      v.regex(
        /^(?:\/[A-Za-z0-9._~\-/]*)?$/,
        'must be empty, or begin with / and hold letters, digits, and / . _ ~ - alone',
      ),
    ),
  ),
  authorizeParams: v.exactOptional(params),
  reconsentParams: v.exactOptional(params),
  refreshParams: v.exactOptional(params),
  resend: v.exactOptional(oneOf(['once', 'never'])),
  identity: v.exactOptional(identity),
  revocation: v.exactOptional(oneOf(['rfc7009', 'json', 'none'])),
  manageUrl: v.exactOptional(address),
}) satisfies v.GenericSchema<Readonly<Record<string, unknown>>, ProviderSettings>;
