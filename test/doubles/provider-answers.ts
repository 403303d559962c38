/*
 * What each built-in provider answers, in the form that its documentation shows, and what it wants to be asked. Written from the
 * documentation and not from src/providers, so that the two can differ. No value is or looks like a real secret.
 */

/** What the simulated server issues; the answers put it where the provider has it. */
export interface Issued {
  readonly access: string;
  readonly refresh: string;
  readonly scopes: readonly string[];
  /** Of these claims and the usual ones. */
  readonly idToken: (claims: Readonly<Record<string, unknown>>) => string;
}

export interface ProviderAnswers {
  readonly authorize: string;
  /** Sent with every authorization request. */
  readonly params?: Readonly<Record<string, string>>;
  readonly scopes?: { readonly parameter?: string; readonly separator?: ',' };
  readonly pkce?: true;
  /** Default: the name and `-client`. */
  readonly clientId?: string;
  /** Which redirect URIs are registered. */
  readonly redirect: RegExp;
  /** Further parameters of the redirect. */
  readonly callback?: (scopes: readonly string[]) => Readonly<Record<string, string>>;
  readonly token: string;
  /** Where refresh tokens are taken, if not there. */
  readonly refresh?: string;
  /** `basic-id` is Basic without a password. */
  readonly auth: 'none' | 'post' | 'basic' | 'basic-id';
  readonly body?: 'json';
  /** Wanted in a refresh. */
  readonly refreshParams?: readonly string[];
  readonly headers?: Readonly<Record<string, RegExp>>;
  readonly answer: (issued: Issued) => object;
  /** To a refresh; default: the same, without a refresh token where it is not replaced. */
  readonly refreshed?: (issued: Issued) => object;
  readonly rotates?: true;
  /** To a refresh token that has ended. */
  readonly ended: readonly [status: number, body: object];
  readonly user?: {
    readonly url: string;
    /** JSON of a POST; absent: a GET. */
    readonly body?: string;
    readonly headers?: Readonly<Record<string, RegExp>>;
    readonly answer: object;
  };
  readonly revoke?: {
    readonly url: string;
    readonly method?: 'DELETE';
    readonly how: 'form' | 'json' | 'bearer';
    readonly parameter?: string;
    readonly auth?: 'basic' | 'none';
    /** It takes access tokens only. */
    readonly access?: true;
    readonly answer?: object;
  };
  readonly metadata?: { readonly url: string; readonly document: object };
  /** The label that the account gets. */
  readonly label: string;
}

const anyPort = (host: string, name: string) => new RegExp(`^http://${host}:\\d+/callback/${name}$`);
const exactly = (host: string, name: string) => new RegExp(`^http://${host}:17890/callback/${name}$`);

/** RFC 6749 §5.1, with the members in the usual order. */
const usual =
  (lifetime: number, more: object = {}) =>
  ({ access, refresh, scopes }: Issued) => ({
    access_token: access,
    token_type: 'bearer',
    expires_in: lifetime,
    refresh_token: refresh,
    scope: scopes.join(' '),
    ...more,
  });
const unscoped =
  (lifetime: number, more: object = {}) =>
  ({ access, refresh }: Issued) => ({
    access_token: access,
    token_type: 'Bearer',
    expires_in: lifetime,
    refresh_token: refresh,
    ...more,
  });
const invalidGrant: ProviderAnswers['ended'] = [
  400,
  { error: 'invalid_grant', error_description: 'The refresh token is invalid or has expired' },
];

export const PROVIDER_ANSWERS: Readonly<Record<string, ProviderAnswers>> = {
  asana: {
    authorize: 'https://app.asana.com/-/oauth_authorize',
    pkce: true,
    redirect: exactly('localhost', 'asana'),
    token: 'https://app.asana.com/-/oauth_token',
    auth: 'post',
    answer: unscoped(3600, {
      data: { id: 4673218951, gid: '4673218951', name: 'Ada', email: 'ada@example.com' },
    }),
    ended: invalidGrant,
    revoke: { url: 'https://app.asana.com/-/oauth_revoke', how: 'form' },
    label: 'ada@example.com',
  },
  atlassian: {
    authorize: 'https://auth.atlassian.com/authorize',
    params: { audience: 'api.atlassian.com', prompt: 'consent' },
    pkce: true,
    redirect: exactly('localhost', 'atlassian'),
    token: 'https://auth.atlassian.com/oauth/token',
    auth: 'post',
    body: 'json',
    answer: usual(3600),
    rotates: true,
    ended: [403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }],
    user: {
      url: 'https://api.atlassian.com/me',
      answer: {
        account_type: 'atlassian',
        account_id: '112233aa-bb11',
        email: 'ada@example.com',
        name: 'Ada',
      },
    },
    label: 'ada@example.com',
  },
  bitbucket: {
    authorize: 'https://bitbucket.org/site/oauth2/authorize',
    redirect: exactly('localhost', 'bitbucket'),
    token: 'https://bitbucket.org/site/oauth2/access_token',
    auth: 'basic',
    answer: ({ access, refresh }) => ({
      access_token: access,
      scopes: 'account repository',
      expires_in: 7200,
      refresh_token: refresh,
      token_type: 'bearer',
    }),
    ended: invalidGrant,
    user: {
      url: 'https://api.bitbucket.org/2.0/user',
      answer: { account_id: '557058:aa', uuid: '{aa-bb}', nickname: 'ada', display_name: 'Ada' },
    },
    label: 'ada',
  },
  box: {
    authorize: 'https://account.box.com/api/oauth2/authorize',
    redirect: exactly('localhost', 'box'),
    token: 'https://api.box.com/oauth2/token',
    auth: 'post',
    answer: ({ access, refresh }) => ({
      access_token: access,
      expires_in: 3600,
      restricted_to: [],
      refresh_token: refresh,
      token_type: 'bearer',
    }),
    rotates: true,
    ended: [400, { error: 'invalid_grant', error_description: 'Refresh token has expired' }],
    user: {
      url: 'https://api.box.com/2.0/users/me',
      answer: { type: 'user', id: '11446498', name: 'Ada', login: 'ada@example.com' },
    },
    revoke: { url: 'https://api.box.com/oauth2/revoke', how: 'form' },
    label: 'ada@example.com',
  },
  discord: {
    authorize: 'https://discord.com/api/oauth2/authorize',
    pkce: true,
    redirect: exactly('localhost', 'discord'),
    callback: () => ({ iss: 'https://discord.com' }),
    token: 'https://discord.com/api/oauth2/token',
    auth: 'none',
    answer: usual(604_800),
    rotates: true,
    ended: invalidGrant,
    user: {
      url: 'https://discord.com/api/users/@me',
      answer: { id: '80351110224678912', username: 'ada', email: 'ada@example.com' },
    },
    revoke: { url: 'https://discord.com/api/oauth2/token/revoke', how: 'form' },
    metadata: {
      url: 'https://discord.com/.well-known/oauth-authorization-server',
      document: {
        issuer: 'https://discord.com',
        authorization_endpoint: 'https://discord.com/api/oauth2/authorize',
        token_endpoint: 'https://discord.com/api/oauth2/token',
        revocation_endpoint: 'https://discord.com/api/oauth2/token/revoke',
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
      },
    },
    label: 'ada@example.com',
  },
  dropbox: {
    authorize: 'https://www.dropbox.com/oauth2/authorize',
    params: { token_access_type: 'offline' },
    pkce: true,
    redirect: exactly('127.0.0.1', 'dropbox'),
    token: 'https://api.dropboxapi.com/oauth2/token',
    auth: 'none',
    answer: usual(14_400, { account_id: 'dbid:AAA', uid: '12345' }),
    ended: [400, { error: 'invalid_grant', error_description: 'refresh token is invalid or revoked' }],
    user: {
      url: 'https://api.dropboxapi.com/2/users/get_current_account',
      body: 'null',
      answer: { account_id: 'dbid:AAA', name: { display_name: 'Ada' }, email: 'ada@example.com' },
    },
    revoke: { url: 'https://api.dropboxapi.com/2/auth/token/revoke', how: 'bearer' },
    label: 'ada@example.com',
  },
  fastmail: {
    authorize: 'https://api.fastmail.com/oauth/authorize',
    pkce: true,
    redirect: anyPort('localhost', 'fastmail'),
    callback: () => ({ iss: 'https://api.fastmail.com' }),
    token: 'https://api.fastmail.com/oauth/refresh',
    auth: 'none',
    answer: unscoped(3600),
    rotates: true,
    ended: invalidGrant,
    user: {
      url: 'https://api.fastmail.com/jmap/session',
      answer: { username: 'ada@example.com', apiUrl: 'https://api.fastmail.com/jmap/api/', state: 'x' },
    },
    revoke: { url: 'https://api.fastmail.com/oauth/revoke', how: 'form' },
    metadata: {
      url: 'https://api.fastmail.com/.well-known/oauth-authorization-server',
      document: {
        issuer: 'https://api.fastmail.com',
        authorization_endpoint: 'https://api.fastmail.com/oauth/authorize',
        token_endpoint: 'https://api.fastmail.com/oauth/refresh',
        registration_endpoint: 'https://api.fastmail.com/oauth/register',
        revocation_endpoint: 'https://api.fastmail.com/oauth/revoke',
        token_endpoint_auth_methods_supported: ['none'],
        code_challenge_methods_supported: ['S256'],
        authorization_response_iss_parameter_supported: true,
      },
    },
    label: 'ada@example.com',
  },
  figma: {
    authorize: 'https://www.figma.com/oauth',
    scopes: { separator: ',' },
    pkce: true,
    redirect: exactly('localhost', 'figma'),
    token: 'https://api.figma.com/v1/oauth/token',
    refresh: 'https://api.figma.com/v1/oauth/refresh',
    auth: 'basic',
    answer: ({ access, refresh }) => ({
      user_id: 10,
      user_id_string: '10',
      access_token: access,
      token_type: 'bearer',
      expires_in: 7_776_000,
      refresh_token: refresh,
    }),
    refreshed: ({ access }) => ({ access_token: access, token_type: 'bearer', expires_in: 7_776_000 }),
    ended: [400, { error: true, status: 400, message: 'Invalid refresh token' }],
    user: {
      url: 'https://api.figma.com/v1/me',
      answer: { id: '10', email: 'ada@example.com', handle: 'Ada', img_url: '' },
    },
    label: 'ada@example.com',
  },
  github: {
    authorize: 'https://github.com/login/oauth/authorize',
    pkce: true,
    redirect: anyPort('127\\.0\\.0\\.1', 'github'),
    token: 'https://github.com/login/oauth/access_token',
    auth: 'post',
    headers: { accept: /application\/json/ },
    answer: ({ access, refresh, scopes }) => ({
      access_token: access,
      expires_in: 28_800,
      refresh_token: refresh,
      refresh_token_expires_in: 15_811_200,
      token_type: 'bearer',
      scope: scopes.join(','),
    }),
    rotates: true,
    ended: [
      200,
      { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' },
    ],
    user: {
      url: 'https://api.github.com/user',
      answer: { login: 'ada', id: 1, node_id: 'MDQ6VXNlcjE=', name: 'Ada', email: null },
    },
    revoke: {
      url: 'https://api.github.com/applications/github-client/token',
      method: 'DELETE',
      how: 'json',
      parameter: 'access_token',
      auth: 'basic',
      access: true,
    },
    label: 'ada',
  },
  gitlab: {
    authorize: 'https://gitlab.com/oauth/authorize',
    pkce: true,
    redirect: exactly('127\\.0\\.0\\.1', 'gitlab'),
    token: 'https://gitlab.com/oauth/token',
    auth: 'none',
    refreshParams: ['redirect_uri'],
    answer: (issued) => ({
      access_token: issued.access,
      token_type: 'Bearer',
      expires_in: 7200,
      refresh_token: issued.refresh,
      scope: issued.scopes.join(' '),
      created_at: 1_607_635_748,
      id_token: issued.idToken({
        iss: 'https://gitlab.com',
        sub: '1',
        nickname: 'ada',
        email: 'ada@example.com',
      }),
    }),
    refreshed: usual(7200, { created_at: 1_607_635_748 }),
    rotates: true,
    ended: invalidGrant,
    revoke: { url: 'https://gitlab.com/oauth/revoke', how: 'form', answer: {} },
    label: 'ada@example.com',
  },
  hubspot: {
    authorize: 'https://app.hubspot.com/oauth/authorize',
    pkce: true,
    redirect: exactly('localhost', 'hubspot'),
    token: 'https://api.hubapi.com/oauth/2026-03/token',
    auth: 'post',
    answer: ({ access, refresh, scopes }) => ({
      token_type: 'bearer',
      refresh_token: refresh,
      access_token: access,
      hub_id: 62_515,
      scopes,
      expires_in: 1800,
      user_id: 123,
    }),
    ended: [
      400,
      { status: 'BAD_REFRESH_TOKEN', message: 'missing or invalid refresh token', error: 'invalid_grant' },
    ],
    revoke: { url: 'https://api.hubapi.com/oauth/2026-03/token/revoke', how: 'form' },
    label: '62515',
  },
  linear: {
    authorize: 'https://linear.app/oauth/authorize',
    scopes: { separator: ',' },
    pkce: true,
    redirect: exactly('localhost', 'linear'),
    token: 'https://api.linear.app/oauth/token',
    auth: 'none',
    answer: usual(86_399, { token_type: 'Bearer' }),
    rotates: true,
    ended: invalidGrant,
    user: {
      url: 'https://api.linear.app/graphql',
      body: '{"query":"{ viewer { id name email organization { id urlKey } } }"}',
      answer: {
        data: {
          viewer: {
            id: 'aa-11',
            name: 'Ada',
            email: 'ada@example.com',
            organization: { id: 'bb-22', urlKey: 'example' },
          },
        },
      },
    },
    revoke: { url: 'https://api.linear.app/oauth/revoke', how: 'bearer' },
    label: 'ada@example.com',
  },
  linkedin: {
    authorize: 'https://www.linkedin.com/oauth/v2/authorization',
    redirect: exactly('localhost', 'linkedin'),
    token: 'https://www.linkedin.com/oauth/v2/accessToken',
    auth: 'post',
    answer: (issued) => ({
      access_token: issued.access,
      expires_in: 5_184_000,
      refresh_token: issued.refresh,
      refresh_token_expires_in: 31_536_000,
      scope: issued.scopes.join(','),
      token_type: 'Bearer',
      id_token: issued.idToken({
        iss: 'https://www.linkedin.com/oauth',
        sub: '782bbtaQ',
        name: 'Ada',
        email: 'ada@example.com',
        nonce: undefined,
      }),
    }),
    refreshed: usual(5_184_000, { refresh_token_expires_in: 31_536_000 }),
    ended: [
      400,
      { error: 'invalid_grant', error_description: 'The provided authorization grant is revoked' },
    ],
    label: 'ada@example.com',
  },
  reddit: {
    authorize: 'https://www.reddit.com/api/v1/authorize',
    params: { duration: 'permanent' },
    redirect: exactly('127\\.0\\.0\\.1', 'reddit'),
    token: 'https://www.reddit.com/api/v1/access_token',
    auth: 'basic-id',
    headers: { 'user-agent': /^cli:reddit-client:/ },
    refreshParams: ['redirect_uri'],
    answer: usual(3600),
    ended: [400, { message: 'Bad Request', error: 'invalid_grant' }],
    user: {
      url: 'https://oauth.reddit.com/api/v1/me',
      headers: { 'user-agent': /^cli:reddit-client:/ },
      answer: { id: '1aa', name: 'ada_reads' },
    },
    revoke: { url: 'https://www.reddit.com/api/v1/revoke_token', how: 'form' },
    label: 'ada_reads',
  },
  salesforce: {
    authorize: 'https://login.salesforce.com/services/oauth2/authorize',
    pkce: true,
    redirect: exactly('localhost', 'salesforce'),
    token: 'https://login.salesforce.com/services/oauth2/token',
    auth: 'none',
    answer: ({ access, refresh, scopes }) => ({
      access_token: access,
      refresh_token: refresh,
      signature: 'c2lnbmF0dXJl',
      scope: scopes.join(' '),
      instance_url: 'https://example.my.salesforce.com',
      id: 'https://login.salesforce.com/id/00Dxx/005xx',
      token_type: 'Bearer',
      issued_at: '1558553873237',
    }),
    ended: [400, { error: 'invalid_grant', error_description: 'expired access/refresh token' }],
    user: {
      url: 'https://login.salesforce.com/services/oauth2/userinfo',
      answer: {
        sub: 'https://login.salesforce.com/id/00Dxx/005xx',
        user_id: '005xx',
        organization_id: '00Dxx',
        preferred_username: 'ada@example.com.sandbox',
        email: 'ada@example.com',
      },
    },
    revoke: { url: 'https://login.salesforce.com/services/oauth2/revoke', how: 'form' },
    label: 'ada@example.com',
  },
  slack: {
    authorize: 'https://slack.com/oauth/v2/authorize',
    scopes: { parameter: 'user_scope', separator: ',' },
    pkce: true,
    redirect: exactly('localhost', 'slack'),
    token: 'https://slack.com/api/oauth.v2.access',
    auth: 'none',
    answer: ({ access, refresh, scopes }) => ({
      ok: true,
      app_id: 'A0118NQPZZC',
      authed_user: {
        id: 'U065VRX1T0',
        scope: scopes.join(','),
        access_token: access,
        token_type: 'user',
        refresh_token: refresh,
        expires_in: 43_200,
      },
      team: { id: 'T024BE7LD', name: 'example' },
      enterprise: null,
      is_enterprise_install: false,
    }),
    rotates: true,
    ended: [200, { ok: false, error: 'invalid_refresh_token' }],
    revoke: { url: 'https://slack.com/api/auth.revoke', how: 'bearer', answer: { ok: true, revoked: true } },
    label: 'example',
  },
  spotify: {
    authorize: 'https://accounts.spotify.com/authorize',
    pkce: true,
    redirect: anyPort('127\\.0\\.0\\.1', 'spotify'),
    token: 'https://accounts.spotify.com/api/token',
    auth: 'none',
    answer: usual(3600, { token_type: 'Bearer' }),
    rotates: true,
    ended: [400, { error: 'invalid_grant', error_description: 'Refresh token expired' }],
    user: {
      url: 'https://api.spotify.com/v1/me',
      answer: { id: 'ada', display_name: 'Ada', email: 'ada@example.com', product: 'free' },
    },
    label: 'ada@example.com',
  },
  strava: {
    authorize: 'https://www.strava.com/oauth/authorize',
    clientId: '12345',
    scopes: { separator: ',' },
    redirect: anyPort('localhost', 'strava'),
    callback: (scopes) => ({ scope: scopes.join(',') }),
    token: 'https://www.strava.com/api/v3/oauth/token',
    auth: 'post',
    answer: ({ access, refresh }) => ({
      token_type: 'Bearer',
      expires_at: Math.floor(Date.now() / 1000) + 21_600,
      refresh_token: refresh,
      access_token: access,
      athlete: { id: 227_615, username: 'ada', firstname: 'Ada' },
    }),
    refreshed: ({ access, refresh }) => ({
      token_type: 'Bearer',
      access_token: access,
      expires_at: Math.floor(Date.now() / 1000) + 21_600,
      expires_in: 21_600,
      refresh_token: refresh,
    }),
    rotates: true,
    ended: [
      400,
      {
        message: 'Bad Request',
        errors: [{ resource: 'RefreshToken', field: 'refresh_token', code: 'invalid' }],
      },
    ],
    revoke: {
      url: 'https://www.strava.com/oauth/deauthorize',
      how: 'form',
      parameter: 'access_token',
      access: true,
    },
    label: 'ada',
  },
  todoist: {
    authorize: 'https://app.todoist.com/oauth/authorize',
    scopes: { separator: ',' },
    pkce: true,
    redirect: exactly('localhost', 'todoist'),
    token: 'https://api.todoist.com/oauth/access_token',
    auth: 'none',
    answer: unscoped(3600),
    rotates: true,
    ended: invalidGrant,
    user: {
      url: 'https://api.todoist.com/api/v1/user',
      answer: { id: '2671355', full_name: 'Ada', email: 'ada@example.com' },
    },
    revoke: { url: 'https://api.todoist.com/api/v1/revoke', how: 'form', access: true },
    label: 'ada@example.com',
  },
  twitch: {
    authorize: 'https://id.twitch.tv/oauth2/authorize',
    redirect: exactly('localhost', 'twitch'),
    callback: (scopes) => ({ scope: scopes.join(' ') }),
    token: 'https://id.twitch.tv/oauth2/token',
    auth: 'post',
    answer: ({ access, refresh, scopes }) => ({
      access_token: access,
      expires_in: 14_124,
      refresh_token: refresh,
      scope: scopes,
      token_type: 'bearer',
    }),
    ended: [400, { status: 400, message: 'Invalid refresh token' }],
    user: {
      url: 'https://api.twitch.tv/helix/users',
      headers: { 'client-id': /^twitch-client$/ },
      answer: { data: [{ id: '141981764', login: 'ada', display_name: 'Ada', email: 'ada@example.com' }] },
    },
    revoke: { url: 'https://id.twitch.tv/oauth2/revoke', how: 'form', auth: 'none', access: true },
    label: 'ada@example.com',
  },
  x: {
    authorize: 'https://x.com/i/oauth2/authorize',
    pkce: true,
    redirect: exactly('127\\.0\\.0\\.1', 'x'),
    token: 'https://api.x.com/2/oauth2/token',
    auth: 'none',
    answer: usual(7200),
    rotates: true,
    ended: [400, { error: 'invalid_request', error_description: 'Value passed for the token was invalid.' }],
    user: {
      url: 'https://api.x.com/2/users/me',
      answer: { data: { id: '2244994945', name: 'Ada', username: 'ada' } },
    },
    revoke: { url: 'https://api.x.com/2/oauth2/revoke', how: 'form', answer: { revoked: true } },
    label: 'ada',
  },
  yahoo: {
    authorize: 'https://api.login.yahoo.com/oauth2/request_auth',
    redirect: /^https:\/\/example\.com\/callback$/,
    token: 'https://api.login.yahoo.com/oauth2/get_token',
    auth: 'basic',
    answer: (issued) => ({
      access_token: issued.access,
      refresh_token: issued.refresh,
      expires_in: 3600,
      token_type: 'bearer',
      id_token: issued.idToken({
        iss: 'https://api.login.yahoo.com',
        sub: 'AA23',
        nickname: 'Ada',
        email: 'ada@example.com',
      }),
    }),
    refreshed: unscoped(3600),
    ended: [401, { error: 'invalid_grant', error_description: 'Invalid refresh token' }],
    revoke: { url: 'https://api.login.yahoo.com/oauth2/revoke', how: 'form' },
    label: 'ada@example.com',
  },
  zoho: {
    authorize: 'https://accounts.zoho.com/oauth/v2/auth',
    params: { access_type: 'offline', prompt: 'consent' },
    scopes: { separator: ',' },
    redirect: exactly('localhost', 'zoho'),
    callback: () => ({ location: 'eu', 'accounts-server': 'https://accounts.zoho.eu' }),
    // A user of the European data centre, whose code is accepted there only.
    token: 'https://accounts.zoho.eu/oauth/v2/token',
    auth: 'post',
    answer: unscoped(3600, { api_domain: 'https://www.zohoapis.eu' }),
    ended: [200, { error: 'invalid_code' }],
    user: {
      url: 'https://accounts.zoho.eu/oauth/user/info',
      answer: { First_Name: 'Ada', Email: 'ada@example.com', Display_Name: 'Ada', ZUID: 696_519 },
    },
    revoke: {
      url: 'https://accounts.zoho.eu/oauth/v2/token/revoke',
      how: 'form',
      answer: { status: 'success' },
    },
    label: 'ada@example.com',
  },
  zoom: {
    authorize: 'https://zoom.us/oauth/authorize',
    pkce: true,
    redirect: anyPort('127\\.0\\.0\\.1', 'zoom'),
    token: 'https://zoom.us/oauth/token',
    auth: 'none',
    answer: usual(3599, { api_url: 'https://api.zoom.us' }),
    rotates: true,
    ended: [400, { reason: 'Invalid Token!', error: 'invalid_grant' }],
    user: {
      url: 'https://api.zoom.us/v2/users/me',
      answer: {
        id: 'z8yCxjabcdEFGHfp8uQ',
        display_name: 'Ada',
        email: 'ada@example.com',
        account_id: 'q6gBJ',
      },
    },
    revoke: { url: 'https://zoom.us/oauth/revoke', how: 'form', answer: { status: 'success' } },
    label: 'ada@example.com',
  },
};
