import type { Context } from '../../context.js';
import { SECOND } from '../../domain/duration.js';
import { asVaultError } from '../../domain/error-forms.js';
import { EXIT_CODES } from '../../domain/errors.js';
import type { ValidToken } from '../../domain/valid-token.js';
import type { ServedAnswer } from '../../system/agent/agent-server.js';
import type { LoopbackRequest, LoopbackServer } from '../../system/http/descendant-server.js';

/*
 * The metadata server of a Google Cloud machine, as much of it as Google's libraries need for access tokens:
 * https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys
 */

const ROOT = '/computeMetadata/v1/';
const ACCOUNTS = 'instance/service-accounts/';
const FLAVOR = { 'metadata-flavor': 'Google' };
/** A provider that does not say how long its tokens are valid: libraries ask again after this many seconds. */
const UNKNOWN_LIFETIME = 300;

/** Failures that may soon be over: libraries try again after a 503. */
const TEMPORARY: readonly number[] = [
  EXIT_CODES.provider_unavailable,
  EXIT_CODES.key_unavailable,
  EXIT_CODES.busy,
];

/** @param token a valid token of the account, with its identity; asked each time, once for requests at the same time */
export async function serveMetadata(
  { clock, serveDescendants }: Pick<Context, 'clock' | 'serveDescendants'>,
  token: () => Promise<ValidToken>,
): Promise<LoopbackServer> {
  let underWay: Promise<ValidToken> | null = null;
  const shared = () => {
    underWay ??= token().finally(() => {
      underWay = null;
    });
    return underWay;
  };
  const server = await serveDescendants(async (request) => {
    const refusal = refusalOf(request);
    if (refusal !== null) return refusal;
    try {
      return await answerTo(request.target, shared, () => clock.now());
    } catch (failure) {
      const { code, message, hint = '', exitCode } = asVaultError(failure);
      const status = TEMPORARY.includes(exitCode) ? 503 : 400;
      return json({ error: code, error_description: [message, hint].join('\n').trim() }, status);
    }
  });
  const close = async () => {
    await server.close();
    await underWay?.catch(() => undefined);
  };
  return { host: server.host, close };
}

/**
 * Google's libraries send the header; a web page cannot, in a browser that was sent here. A proxy that passes requests of others
 * on adds X-Forwarded-For, which Google's own server refuses as well.
 */
function refusalOf({ method, headers, host }: LoopbackRequest): ServedAnswer | null {
  if (method !== 'GET') return text('only GET is allowed here', 405);
  if (headers['metadata-flavor'] !== 'Google')
    return text('the header Metadata-Flavor: Google is missing', 403);
  if ('x-forwarded-for' in headers) return text('requests of a proxy are not answered', 403);
  return headers.host === host ? null : text(`the Host header must be ${host}`, 403);
}

async function answerTo(
  target: string,
  token: () => Promise<ValidToken>,
  now: () => number,
): Promise<ServedAnswer> {
  const { pathname, searchParams } = new URL(target, 'http://metadata');
  if (pathname === '/') return text('computeMetadata/');
  const path = pathname.replace(/\/*$/, '/');
  if (!path.startsWith(ROOT)) return NOT_FOUND;
  const key = path.slice(ROOT.length);
  if (key === 'universe/universe-domain/' || key === 'universe/universe_domain/')
    return text('googleapis.com');
  if (key === '' || key === 'instance/')
    return text(key === '' ? 'instance/\nuniverse/' : 'service-accounts/');
  const recursive = searchParams.get('recursive')?.toLowerCase() === 'true';
  const [, name = null, wanted = ''] = /^instance\/service-accounts\/(?:([^/]+)\/(.*?)\/?)?$/.exec(key) ?? [];
  if (!key.startsWith(ACCOUNTS)) return NOT_FOUND;

  const { account, accessToken, email } = await token();
  const address = email ?? 'default';
  if (name === null) {
    const all = { default: described(account, address), [address]: described(account, address) };
    return recursive
      ? json(all)
      : text(
          Object.keys(all)
            .map((each) => `${each}/`)
            .join('\n'),
        );
  }
  if (!['default', address, encodeURIComponent(address)].includes(name)) return NOT_FOUND;
  switch (wanted) {
    case '':
      return recursive ? json(described(account, address)) : text('aliases\nemail\nscopes\ntoken');
    case 'aliases':
      return text('default');
    case 'email':
      return text(address);
    case 'scopes':
      return text(account.grantedScopes.join('\n'));
    case 'token':
      return json({
        access_token: accessToken.reveal(),
        expires_in:
          account.expiresAt === null
            ? UNKNOWN_LIFETIME
            : Math.max(0, Math.floor((account.expiresAt - now()) / SECOND)),
        token_type: 'Bearer',
      });
    default:
      return NOT_FOUND;
  }
}

function described({ grantedScopes: scopes }: ValidToken['account'], email: string) {
  return { aliases: ['default'], email, scopes };
}

function json(value: unknown, status = 200): ServedAnswer {
  return { status, headers: { ...FLAVOR, 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function text(body: string, status = 200): ServedAnswer {
  return { status, headers: { ...FLAVOR, 'content-type': 'application/text' }, body };
}

const NOT_FOUND = text('not found', 404);

/**
 * The variables by which Google's libraries find the server: Python asks GCE_METADATA_IP as well. A credentials file would come
 * first, and a proxy would get the requests.
 */
export function metadataEnvironment(
  host: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const direct = (name: string) => [env[name], host.replace(/:\d+$/, '')].filter(Boolean).join(',');
  return {
    ...env,
    GOOGLE_APPLICATION_CREDENTIALS: undefined,
    GCE_METADATA_HOST: host,
    GCE_METADATA_IP: host,
    NO_PROXY: direct('NO_PROXY'),
    no_proxy: direct('no_proxy'),
  };
}
