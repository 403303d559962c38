import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR, MINUTE } from '../../src/domain/duration.js';
import { hasOpenssl, makeCertificate } from '../doubles/certificate.js';
import { type Answer, type LocalServer, serve } from '../doubles/local-server.js';
import { GOOGLE_ID } from '../doubles/settings-sources.js';
import { type HealthTest, healthTest, told } from './health-test.js';

let stage: HealthTest;
let server: LocalServer;
let answer: Answer;
beforeEach(async () => {
  stage = await healthTest();
  answer = (response) => void response.writeHead(404).end();
  server = await serve((response, request) => answer(response, request));
});
afterEach(async () => {
  await server.close();
  await stage.close();
});

const found = async (check: string) => (await stage.examine({ online: true }))[check] ?? [];
const own = (settings: Readonly<Record<string, unknown>> = {}) =>
  stage.configure({
    keySource: 'file',
    providers: {
      demo: {
        authorizationEndpoint: `${server.url}/authorize`,
        tokenEndpoint: `${server.url}/token`,
        clientId: 'client-example',
        ...settings,
      },
    },
  });

describe('clients', () => {
  it('are checked only with settings or accounts', async () => {
    expect(told((await stage.examine())['clients'])).toEqual(['skipped: no provider is set up yet']);
    Object.assign(stage.env, { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client-secret-example' });
    expect(told((await stage.examine())['clients'])).toEqual(['ok: the client of Google is set up']);
  });

  it('are reported with what is missing', async () => {
    stage.env['GOOGLE_CLIENT_ID'] = GOOGLE_ID;
    expect((await stage.examine())['clients']).toEqual([
      expect.objectContaining({
        status: 'problem',
        code: 'client_not_configured',
        provider: 'google',
        message: expect.stringContaining('GOOGLE_CLIENT_SECRET is not set'),
      }),
    ]);
  });

  it.each([
    [
      'a quote',
      `"${GOOGLE_ID}"`,
      'client-secret-example',
      'the client id of Google begins or ends with a quote',
    ],
    ['swapped values', 'client-secret-example', GOOGLE_ID, 'seem to be swapped'],
    ['the same twice', GOOGLE_ID, GOOGLE_ID, 'are the same'],
  ])(
    'with %s in the wrong place are recognised, and no value is repeated',
    async (_, id, secret, message) => {
      Object.assign(stage.env, { GOOGLE_CLIENT_ID: id, GOOGLE_CLIENT_SECRET: secret });
      const findings = (await stage.examine())['clients'] ?? [];
      expect(told(findings)).toEqual([expect.stringMatching(new RegExp(`^problem: .*${message}`))]);
      expect(JSON.stringify(findings)).not.toContain(secret);
    },
  );

  it('cause a warning for a control character in the secret', async () => {
    Object.assign(stage.env, { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client\rsecret' });
    expect(told((await stage.examine())['clients'])).toEqual([
      'warning: the client secret of Google contains a control character',
    ]);
  });

  it('may have a space in their secret, as RFC 6749 allows', async () => {
    Object.assign(stage.env, { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client secret+example' });
    expect(told((await stage.examine())['clients'])).toEqual(['ok: the client of Google is set up']);
  });

  it('that differ from those of an account are reported with its name', async () => {
    own();
    const facts = { clientId: 'client-example', issuer: server.url, tokenEndpoint: `${server.url}/token` };
    await stage.add(facts);
    expect(told((await stage.examine())['clients'])).toEqual(['ok: the client of demo is set up']);
    own({ clientId: 'another-client' });
    expect((await stage.examine())['clients']).toEqual([
      expect.objectContaining({ code: 'binding_changed', account: 'demo/alice@example.com' }),
    ]);
  });
});

describe('endpoints', () => {
  it('are reached by their front page, without a request to the token endpoint', async () => {
    own();
    expect(told(await found('endpoints'))).toEqual([`ok: demo: ${server.host} answers`]);
    expect(server.received.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /']);
  });

  it('that fail or cannot be reached are reported', async () => {
    own();
    answer = (response) => void response.writeHead(503).end();
    expect(told(await found('endpoints'))).toEqual([`warning: demo: ${server.host} answers with status 503`]);
    await server.close();
    expect(await found('endpoints')).toEqual([
      expect.objectContaining({ status: 'problem', code: 'network_failed', provider: 'demo' }),
    ]);
    server = await serve((response, request) => answer(response, request));
  });

  it.skipIf(!hasOpenssl)('whose certificate is not trusted are told, with what helps', async () => {
    const secure = createSecureServer(makeCertificate(stage.folder, 'own', 'DNS:localhost'));
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    const host = `localhost:${(secure.address() as AddressInfo).port}`;
    const expected = expect.objectContaining({
      status: 'problem',
      code: 'network_failed',
      message: expect.stringContaining(`${host} could not be reached: its certificate was issued by`),
      remedy: expect.stringContaining('export NODE_EXTRA_CA_CERTS=/path/to/ca.pem'),
    });
    own({ authorizationEndpoint: `https://${host}/a`, tokenEndpoint: `https://${host}/t` });
    expect(await found('endpoints')).toEqual([expected]);
    own({ authorizationEndpoint: undefined, tokenEndpoint: undefined, issuer: `https://${host}` });
    expect(await found('endpoints')).toEqual([expected]);
    secure.close();
  });

  it('must belong to the configured issuer', async () => {
    const metadata =
      (issuer: string): Answer =>
      (response) =>
        void response.writeHead(200, { 'content-type': 'application/json' }).end(
          JSON.stringify({
            issuer,
            authorization_endpoint: `${server.url}/a`,
            token_endpoint: `${server.url}/t`,
          }),
        );
    own({ authorizationEndpoint: undefined, tokenEndpoint: undefined, issuer: server.url });
    answer = metadata(server.url);
    expect(told(await found('endpoints'))).toEqual([
      expect.stringMatching(/^ok: demo: .*is the configured issuer/),
    ]);
    answer = metadata('https://elsewhere.example');
    expect(await found('endpoints')).toEqual([
      expect.objectContaining({ status: 'problem', code: 'provider_answer_invalid' }),
    ]);
  });

  it('are not contacted with --offline', async () => {
    own();
    const all = await stage.examine();
    expect(told(all['endpoints'])).toEqual(['skipped: nothing is sent with --offline']);
    expect(told(all['clock'])).toEqual(['skipped: nothing is sent with --offline']);
    expect(server.received).toEqual([]);
  });
});

describe('the clock', () => {
  const say =
    (offset: number, more = {}): Answer =>
    (response) =>
      void response
        .writeHead(200, { date: new Date(stage.clock.now() + offset).toUTCString(), ...more })
        .end();

  it.each([
    [0, 'ok'],
    [-50 * 1_000, 'ok'],
    [2 * MINUTE, 'warning'],
    [-2 * MINUTE, 'warning'],
    [10 * MINUTE, 'problem'],
    [-HOUR, 'problem'],
  ])('that is off by %i ms is %s', async (offset, status) => {
    own();
    answer = say(offset);
    const [finding] = await found('clock');
    expect(finding).toMatchObject({ status });
    if (status !== 'ok') expect(finding?.message).toContain(offset > 0 ? 'behind' : 'ahead of');
  });

  it('is not blamed for a cached answer, nor for one wrong provider of several', async () => {
    own();
    answer = say(-HOUR, { age: '3600' });
    expect((await found('clock'))[0]).toMatchObject({ status: 'ok' });
    const other = await serve(say(0));
    stage.configure({
      providers: Object.fromEntries(
        [server, other].map(({ url }, index) => [
          `demo-${index}`,
          { authorizationEndpoint: `${url}/a`, tokenEndpoint: `${url}/t`, clientId: 'client-example' },
        ]),
      ),
    });
    answer = say(HOUR);
    expect((await found('clock'))[0]).toMatchObject({ status: 'ok' });
    await other.close();
  });
});

describe('the redirect URI', () => {
  it('with a fixed port is printed, with whether that port is free', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    own({ redirectPort: port });
    expect(told(await found('redirect'))).toEqual([
      expect.stringMatching(`^warning: port ${port}.* is used by another program`),
    ]);
    await new Promise((resolve) => taken.close(resolve));
    expect(told(await found('redirect'))).toEqual([
      expect.stringMatching(`^ok: .*http://127.0.0.1:${port}/callback/demo.*the port is free`),
    ]);
  });

  it('of several providers that share a port is free for each', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as { port: number };
    await new Promise((resolve) => taken.close(resolve));
    const provider = {
      authorizationEndpoint: `${server.url}/authorize`,
      tokenEndpoint: `${server.url}/token`,
      clientId: 'client-example',
      redirectPort: port,
    };
    stage.configure({ keySource: 'file', providers: { one: provider, two: provider, three: provider } });
    expect((await found('redirect')).map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
  });

  it('of the user’s own that is https is finished by pasting', async () => {
    own({ redirectUri: 'https://my.example/cb' });
    expect(told(await found('redirect'))[0]).toMatch(
      /^ok: .*https:\/\/my.example\/cb must be registered; a login is finished by pasting/,
    );
  });
});
