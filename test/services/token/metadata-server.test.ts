import { describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import type { ValidToken } from '../../../src/domain/valid-token.js';
import { metadataEnvironment, serveMetadata } from '../../../src/services/token/metadata-server.js';
import type { ServedAnswer } from '../../../src/system/agent/agent-server.js';
import type { LoopbackRequest } from '../../../src/system/http/descendant-server.js';

const HOST = '127.0.0.1:4711';
const NOW = 1_000_000;
const VALID: ValidToken = {
  account: {
    provider: 'google',
    label: 'a@example.com',
    tokenType: 'Bearer',
    expiresAt: NOW + 3_599_900,
    grantedScopes: ['openid', 'drive'],
  },
  accessToken: new Secret('example-token'),
  email: 'a@example.com',
  warning: null,
};

async function server(token: () => Promise<ValidToken> = async () => VALID) {
  let answer = (_: LoopbackRequest): Promise<ServedAnswer> => Promise.reject(new Error('not served'));
  const clock = { now: () => NOW, elapsed: () => 0, sleep: async () => undefined };
  await serveMetadata(
    {
      clock,
      async serveDescendants(given) {
        answer = given;
        return { host: HOST, close: async () => undefined };
      },
    },
    token,
  );
  return (target: string, request: Partial<LoopbackRequest> = {}) =>
    answer({
      method: 'GET',
      target,
      host: HOST,
      headers: { host: HOST, 'metadata-flavor': 'Google' },
      ...request,
    });
}

const ACCOUNTS = '/computeMetadata/v1/instance/service-accounts';
const DESCRIBED = { aliases: ['default'], email: 'a@example.com', scopes: ['openid', 'drive'] };
const TOKEN = { access_token: 'example-token', expires_in: 3_599, token_type: 'Bearer' };

describe('the metadata server', () => {
  it.each([
    ['/', 'computeMetadata/'],
    ['/computeMetadata/v1/instance', 'service-accounts/'],
    [`${ACCOUNTS}/`, 'default/\na@example.com/'],
    [`${ACCOUNTS}/default/email`, 'a@example.com'],
    [`${ACCOUNTS}/default/scopes`, 'openid\ndrive'],
    [`${ACCOUNTS}/default/token?scopes=x,y`, TOKEN],
    [`${ACCOUNTS}/a%40example.com/token`, TOKEN],
    [`${ACCOUNTS}/default/?recursive=true`, DESCRIBED],
    [`${ACCOUNTS}/?recursive=true`, { default: DESCRIBED, 'a@example.com': DESCRIBED }],
    ['/computeMetadata/v1/universe/universe-domain', 'googleapis.com'],
  ])('answers %s', async (path, expected) => {
    const { status, headers, body } = await (await server())(path);
    expect({ status, flavor: headers['metadata-flavor'] }).toEqual({ status: 200, flavor: 'Google' });
    expect(typeof expected === 'string' ? body : JSON.parse(body)).toEqual(expected);
  });

  it.each([
    `${ACCOUNTS}/b@example.com/token`,
    `${ACCOUNTS}/default/identity?audience=x`,
    `${ACCOUNTS}/%/token`,
    '/computeMetadata/v1/project/project-id',
    '/computeMetadata/v1beta1/instance/service-accounts/default/token',
    '/token',
  ])('does not know %s', async (path) => {
    expect(await (await server())(path)).toMatchObject({ status: 404, body: 'not found' });
  });

  it.each([
    ['without its header', { headers: { host: HOST } }],
    ['of a proxy', { headers: { host: HOST, 'metadata-flavor': 'Google', 'x-forwarded-for': '10.0.0.1' } }],
    ['for another host', { headers: { host: 'evil.example', 'metadata-flavor': 'Google' } }],
    ['that would change something', { method: 'POST' }],
  ])('refuses a request %s', async (_, request) => {
    const { status, body } = await (await server())(`${ACCOUNTS}/default/token`, request);
    expect(status).toBeGreaterThanOrEqual(403);
    expect(body).not.toContain('example-token');
  });

  it.each([
    ['login_needed', 400],
    ['network_failed', 503],
    ['key_locked', 503],
  ] as const)('reports %s with %d, and what to type', async (code, status) => {
    const ask = await server(() => Promise.reject(new VaultError(code, 'why', { hint: 'do this' })));
    const answer = await ask(`${ACCOUNTS}/default/token`);
    expect({ status: answer.status, ...JSON.parse(answer.body) }).toEqual({
      status,
      error: code,
      error_description: 'why\ndo this',
    });
  });

  it('asks for one token when several requests come at the same time', async () => {
    let asked = 0;
    const ask = await server(async () => {
      asked += 1;
      return VALID;
    });
    await Promise.all([1, 2, 3].map(() => ask(`${ACCOUNTS}/default/token`)));
    expect(asked).toBe(1);
  });
});

it('keeps proxies and a credentials file from its clients', () => {
  expect(metadataEnvironment(HOST, { GOOGLE_APPLICATION_CREDENTIALS: '/f', NO_PROXY: 'a' })).toEqual({
    GOOGLE_APPLICATION_CREDENTIALS: undefined,
    GCE_METADATA_HOST: HOST,
    GCE_METADATA_IP: HOST,
    NO_PROXY: 'a,127.0.0.1',
    no_proxy: '127.0.0.1',
  });
});
