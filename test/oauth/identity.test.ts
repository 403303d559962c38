import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { type IdentityQuestion, readIdentity } from '../../src/oauth/identity.js';
import type { IdentitySource } from '../../src/providers/contract.js';
import { type Answer, json, type LocalServer, localHttp, serve } from '../doubles/local-server.js';
import { granted } from '../doubles/token-answers.js';

const http = localHttp();
const accessToken = new Secret('access-token-example');
const plain: IdentitySource = {
  from: 'id_token',
  request: null,
  subject: ['sub'],
  email: ['email'],
  name: ['name'],
  details: {},
};
let server: LocalServer | null = null;

function ask(source: Partial<IdentitySource>, more: Partial<IdentityQuestion> & { body?: object } = {}) {
  const { body = {}, ...question } = more;
  const answer = granted({ access_token: 'access-token-example', ...body });
  return readIdentity({
    source: { ...plain, ...source },
    claims: null,
    answer,
    http,
    accessToken,
    ...question,
  });
}

async function asking(
  answer: Answer,
  headers: Record<string, string> = {},
): Promise<Partial<IdentitySource>> {
  server = await serve(answer);
  return { from: 'request', request: { url: `${server.url}/me`, headers } };
}

afterEach(async () => {
  await server?.close();
  server = null;
});
afterAll(() => http.close());

describe('a signed answer of a userinfo endpoint', () => {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed =
    (...parts: string[]): Answer =>
    (response) =>
      void response.writeHead(200, { 'content-type': 'application/jwt' }).end(parts.join('.'));
  const claims = { iss: 'https://issuer.example', sub: 'subject-example', email: 'alice@example.com' };

  it('is read like one without a signature', async () => {
    const source = await asking(signed(part({ alg: 'RS256' }), part(claims), 'c2lnbmF0dXJl'));
    expect(await ask(source)).toMatchObject({ subject: 'subject-example', email: 'alice@example.com' });
    await expect(ask(source, { claims: { sub: 'another' } })).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: 'the userinfo answer is not about the user who logged in',
    });
  });

  it.each([
    ['is encrypted', [part({ alg: 'dir' }), '', part('iv'), part(claims), part('tag')]],
    ['holds no object', [part({ alg: 'RS256' }), part('text'), 'c2lnbmF0dXJl']],
    ['is a host name', ['issuer', 'example', 'com']],
  ])('that %s is not read', async (_, parts) => {
    const source = await asking(signed(...parts));
    await expect(ask(source)).rejects.toMatchObject({ code: 'provider_unavailable' });
  });
});

describe('an identity', () => {
  it('is read from the claims of an id_token', async () => {
    const claims = { sub: 'subject-example', email: 'alice@example.com', name: 'Alice', extra: 1 };
    expect(await ask({}, { claims })).toEqual({
      subject: 'subject-example',
      email: 'alice@example.com',
      name: 'Alice',
      details: {},
    });
  });

  it('is read from the token answer by paths, and joined', async () => {
    const body = {
      bot_id: 'bot',
      workspace_id: 'ws',
      owner: { user: { person: { email: 'a@example.com' } } },
    };
    const paths = {
      subject: ['bot_id', 'workspace_id'],
      email: ['missing', 'owner.user.person.email'],
      details: { workspace: 'workspace_id', nothing: 'owner.nothing' },
    };
    expect(await ask({ from: 'token_response', ...paths }, { body })).toEqual({
      subject: 'bot:ws',
      email: 'a@example.com',
      name: null,
      details: { workspace: 'ws' },
    });
  });

  it('is requested with the access token in a header', async () => {
    const source = await asking(json(200, { id: 583231, login: 'octo' }), { Accept: 'application/x' });
    const identity = await ask({ ...source, subject: ['id'], name: ['login'] });
    expect(identity).toMatchObject({ subject: '583231', name: 'octo' });
    expect(server?.received).toMatchObject([
      {
        method: 'GET',
        path: '/me',
        headers: { authorization: 'Bearer access-token-example', accept: 'application/x' },
      },
    ]);
  });

  it('can be a person with a channel', async () => {
    const source = await asking(
      json(200, { items: [{ id: 'channel-example', snippet: { title: 'Films' } }] }),
    );
    const claims = { sub: 'subject-example' };
    const paths = { subject: ['id_token.sub', 'items.0.id'], name: ['items.0.snippet.title'] };
    expect(await ask({ ...source, ...paths }, { claims })).toMatchObject({
      subject: 'subject-example:channel-example',
      name: 'Films',
    });
  });

  it('uses the first alternative that is present', async () => {
    expect((await ask({ subject: ['sub|id'] }, { claims: { id: 'one' } })).subject).toBe('one');
    expect((await ask({ subject: ['sub|id'] }, { claims: { id: 'one', sub: 'two' } })).subject).toBe('two');
  });

  it('is requested from the userinfo endpoint if there is no id_token', async () => {
    const { request } = await asking(json(200, { sub: 'subject-example' }));
    expect((await ask({ request: request ?? null })).subject).toBe('subject-example');
  });

  it('contains no control characters', async () => {
    const claims = { sub: 'a', name: 'Ali\u001b[31mce\r\nBob' };
    expect((await ask({}, { claims })).name).toBe('Ali ce Bob');
  });
});

describe('an identity is unknown', () => {
  it.each([
    ['a missing member', {}],
    ['an empty one', { sub: '' }],
    ['an object', { sub: {} }],
    ['a truth value', { sub: true }],
    ['a number beyond what is exact', { sub: 2 ** 60 }],
    ['a text that is no name', { sub: 'a'.repeat(600) }],
    ['an inherited member', JSON.parse('{"__proto__":{"sub":"evil"}}') as object],
  ])('from %s', async (_, claims) => {
    await expect(ask({}, { claims: { ...claims } })).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining('sub'),
    });
  });

  it('if a part of it is missing', async () => {
    const source = { subject: ['sub', 'tid'] };
    const failure = { code: 'provider_answer_invalid', message: expect.stringMatching(/it lacks tid$/) };
    await expect(ask(source, { claims: { sub: 'a' } })).rejects.toMatchObject(failure);
  });

  it('if there is neither an id_token nor a userinfo endpoint', async () => {
    const failure = { code: 'provider_answer_invalid', hint: expect.stringContaining('openid') };
    await expect(ask({})).rejects.toMatchObject(failure);
    await expect(ask({ from: 'none' })).rejects.toMatchObject(failure);
  });

  it('if the answer is about another user', async () => {
    const source = await asking(json(200, { sub: 'another' }));
    await expect(ask(source, { claims: { sub: 'subject-example' } })).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining('not about the user'),
    });
  });

  it.each([
    [401, 'provider_answer_invalid'],
    [403, 'provider_answer_invalid'],
    [500, 'provider_unavailable'],
    [503, 'provider_unavailable'],
    [429, 'provider_unavailable'],
    [302, 'provider_unavailable'],
  ])('if the request is answered with status %i: %s', async (status, code) => {
    const source = await asking(json(status, { sub: 'subject-example' }));
    const message = expect.stringContaining(`status ${status}`);
    await expect(ask(source)).rejects.toMatchObject({ code, message });
  });

  it('if the answer is a page', async () => {
    const source = await asking((response) => response.end('<html>Sign in</html>'));
    await expect(ask(source)).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('if the network fails', async () => {
    const source = await asking(json(200, {}));
    await server?.close();
    await expect(ask(source)).rejects.toMatchObject({
      code: 'network_failed',
      message: expect.stringContaining('could not be reached'),
    });
  });
});
