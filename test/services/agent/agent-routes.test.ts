import { describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../../src/domain/duration.js';
import { type ErrorCode, VaultError } from '../../../src/domain/errors.js';
import { Secret } from '../../../src/domain/secret.js';
import type { ValidToken } from '../../../src/domain/valid-token.js';
import type { AgentStatus } from '../../../src/services/agent/agent-report.js';
import { agentRoutes } from '../../../src/services/agent/agent-routes.js';
import type { TokenRequest } from '../../../src/services/token/token-request.js';
import type { ServedRequest } from '../../../src/system/agent/agent-server.js';
import { accountExample } from '../../doubles/account.js';

const VALID: ValidToken = {
  account: accountExample({ tokenType: 'bearer' }),
  accessToken: new Secret('access-token-example'),
  email: null,
  warning: 'it ends soon',
};
const STATUS = { running: true, pid: 4711 } as AgentStatus;
const GET = { method: 'GET', hosts: ['vault'], fromBrowser: false, client: null };
const THROUGH = { through: 'agent' } as const;
const DIGEST = 'ab'.repeat(32);
const USUAL = {
  minValid: 5 * MINUTE,
  insist: false,
  scopes: [],
  refresh: false,
  withIdentity: false,
  client: THROUGH,
};

/** The answer, and what the use case was asked for. */
async function ask(
  request: Partial<ServedRequest> & { readonly target: string },
  failure?: unknown,
  given: Partial<ValidToken> = {},
) {
  const asked: TokenRequest[] = [];
  let stopped = 0;
  const route = agentRoutes({
    async token(wanted) {
      asked.push(wanted);
      if (failure !== undefined) throw failure;
      return { ...VALID, ...given };
    },
    status: () => STATUS,
    stop: () => {
      stopped += 1;
    },
  });
  const answer = await route({ ...GET, ...request });
  return { ...answer, asked, stopped };
}

const errorOf = (body: string) => JSON.parse(body).error;

describe('a token over the socket', () => {
  it.each([
    ['/token/google/alice@example.com', { selector: 'google/alice@example.com' }],
    ['/token/google%2Falice%40example.com', { selector: 'google/alice@example.com' }],
    ['/token/notion/B%C3%BCro', { selector: 'notion/Büro' }],
    ['/token', { selector: null }],
    ['/token/', { selector: null }],
    ['/token/google?min_valid=1h', { selector: 'google', minValid: HOUR, insist: true }],
    ['/token/google?scope=a&scope=b%20c', { selector: 'google', scopes: ['a', 'b', 'c'] }],
    ['/token/google?format=xoauth2', { selector: 'google', withIdentity: true }],
    ['/token/google?format=xoauth2&user=office@example.com', { selector: 'google' }],
    ['/token/google?format=json', { selector: 'google', anyType: true }],
    ['/token/google?id_token=yes', { selector: 'google', idToken: true }],
    [`/token/google?refused=${DIGEST}`, { selector: 'google', refused: DIGEST }],
  ])('is requested as %s', async (target, expected) => {
    const { status, asked } = await ask({ target }, undefined, { email: 'alice@example.com' });
    expect(status).toBe(200);
    expect(asked).toEqual([{ ...USUAL, ...expected }]);
  });

  it.each([
    ['raw', 'text/plain; charset=utf-8', 'access-token-example\n'],
    ['header', 'text/plain; charset=utf-8', 'Authorization: Bearer access-token-example\n'],
    [
      'json',
      'application/json',
      `{"account":"google/alice@example.com","access_token":"access-token-example","token_type":"bearer","expires_at":"2026-03-01T12:52:00.000Z","scopes":["openid","email"],"warning":"it ends soon"}\n`,
    ],
  ])('is printed as %s', async (format, type, body) => {
    const answer = await ask({ target: `/token/google?format=${format}` });
    const headers = { 'content-type': type, 'token-vault-warning': 'it ends soon' };
    expect(answer).toMatchObject({ status: 200, headers, body });
  });

  it.each([
    '/token/google?min_valid=soon',
    '/token/google?min_valid=1h&min_valid=2h',
    '/token/google?min_valid=',
    '/token/google?format=xml',
    '/token/google?scope=',
    '/token/google?minvalid=1h',
    '/token/%E0%A4%A',
    '/token/google?email=maybe',
    '/token/google?user=a@example.com',
    '/token/google?format=xoauth2&user=',
    '/token/google?format=xoauth2&user=a%01b',
    '/token/google?id_token=1',
    '/token/google?refused=access-token-example',
  ])('cannot be requested as %s', async (target) => {
    const { status, body, asked } = await ask({ target });
    expect(status).toBe(400);
    expect(errorOf(body)).toMatchObject({ code: 'usage', exit_code: 2 });
    expect(asked).toEqual([]);
  });

  it('is refused if its type is not Bearer', async () => {
    const failure = new VaultError('token_type_unsupported', 'it is of the type DPoP');
    const { status, body } = await ask({ target: '/token/google' }, failure);
    expect(status).toBe(502);
    expect(errorOf(body)).toMatchObject({ code: 'token_type_unsupported' });
  });

  it('may live shorter than requested for vault token, which prints the warning', async () => {
    const said = { pid: 7, parent: 'bash', terminal: true };
    const target = '/token/google?format=json&min_valid=1h';
    const { asked } = await ask({ target, client: JSON.stringify(said) });
    const client = { ...THROUGH, said_by_client: true, ...said };
    const request = { selector: 'google', minValid: HOUR, insist: false, anyType: true, client };
    expect(asked).toEqual([{ ...USUAL, ...request }]);
  });

  it('comes with the mailbox if that is requested', async () => {
    const target = '/token/google?format=json&email=yes';
    const { asked, body } = await ask({ target }, undefined, { email: 'alice@example.com' });
    expect(asked[0]?.withIdentity).toBe(true);
    expect(JSON.parse(body)).toMatchObject({ email: 'alice@example.com' });
  });
});

describe('what a client states about itself, marked as its own words', () => {
  it.each([
    ['{"pid":-1.5,"parent":"a \\"name\\": no","terminal":"yes"}'],
    ['{"pid":"7","parent":"xxxxxxxxxxxxxxxxx","terminal":1}'],
    ['{"pid":1e20,"parent":"bidi\\u202e","extra":"member"}'],
    ['null'],
    ['"agent"'],
    ['no JSON'],
  ])('is recorded in the trail only in a valid form: %s', async (client) => {
    const { asked } = await ask({ target: '/token', client });
    expect(asked.map((each) => each.client)).toEqual([
      { through: 'agent', said_by_client: true, parent: null, terminal: null },
    ]);
  });
});

describe('a missing token', () => {
  it.each([
    ['account_not_found', 404],
    ['account_ambiguous', 409],
    ['login_needed', 409],
    ['scope_missing', 403],
    ['provider_unavailable', 503],
    ['network_failed', 503],
    ['key_locked', 503],
    ['busy', 503],
    ['client_refused', 502],
    ['vault_damaged', 500],
    ['config_invalid', 500],
  ] satisfies [ErrorCode, number][])(
    'because of %s is an HTTP %d with the error as --json has it',
    async (code, status) => {
      const error = new VaultError(code, 'what happened', { hint: 'what to do' });
      const answer = await ask({ target: '/token/google' }, error);
      expect(answer.status).toBe(status);
      expect(errorOf(answer.body)).toEqual({
        code,
        message: 'what happened',
        hint: 'what to do',
        exit_code: error.exitCode,
      });
    },
  );

  it('because of a bug does not reveal details of the bug', async () => {
    const answer = await ask({ target: '/token/google' }, new Error('refresh-token-example'));
    expect(answer).toMatchObject({ status: 500, headers: { 'content-type': 'application/json' } });
    expect(answer.body).not.toContain('refresh-token-example');
  });

  it('is refused immediately if too many requests wait already', async () => {
    const route = agentRoutes({ token: () => new Promise(() => {}), status: () => STATUS, stop: () => {} });
    for (let each = 0; each < 128; each += 1) void route({ ...GET, target: '/token/google' });
    const answer = await route({ ...GET, target: '/token/google' });
    expect([answer.status, errorOf(answer.body).code]).toEqual([503, 'busy']);
  });
});

describe('the other paths', () => {
  it('return the status of the agent, and stop it', async () => {
    expect(await ask({ target: '/status' })).toMatchObject({
      status: 200,
      body: '{"running":true,"pid":4711}\n',
    });
    expect(await ask({ target: '/stop', method: 'POST' })).toMatchObject({ status: 202, stopped: 1 });
  });

  it.each([
    ['POST', '/token/google', 405, 'GET'],
    ['HEAD', '/status', 405, 'GET'],
    ['GET', '/stop', 405, 'POST'],
    ['GET', '/', 404, undefined],
    ['GET', '/tokens/google', 404, undefined],
    ['GET', '/token.txt', 404, undefined],
  ])('answer %s %s with %d', async (method, target, status, allow) => {
    const answer = await ask({ method, target });
    expect(answer).toMatchObject({ status, asked: [], stopped: 0 });
    expect(answer.headers['allow']).toBe(allow);
  });

  it.each([
    ['vault', 200],
    ['localhost', 200],
    ['VAULT:80', 200],
    ['localhost:8080', 200],
    ['evil.example', 421],
    ['vault.evil.example', 421],
    ['vault vault', 400],
    ['vault evil.example', 400],
    ['', 400],
  ])('are answered for the host %s: %d', async (text, status) => {
    const hosts = text.split(' ').filter(Boolean);
    expect((await ask({ target: '/token/google', hosts })).status).toBe(status);
  });

  it('are closed to browsers', async () => {
    const given = await ask({ target: '/token/google', fromBrowser: true });
    expect(given).toMatchObject({ status: 403, asked: [] });
    const stopping = await ask({ target: '/stop', method: 'POST', fromBrowser: true });
    expect(stopping).toMatchObject({ status: 403, stopped: 0 });
  });
});
