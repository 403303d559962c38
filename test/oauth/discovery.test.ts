import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { discover } from '../../src/oauth/discovery.js';
import { json, type LocalServer, localHttp, serve } from '../doubles/local-server.js';

const http = localHttp();
const OIDC = '/.well-known/openid-configuration';
const RFC8414 = '/.well-known/oauth-authorization-server';
let server: LocalServer;

/** Publishes metadata for `issuer`, a path of this server, at the paths given; 404 elsewhere. */
async function publish(path: string, at: readonly string[], change: Record<string, unknown> = {}) {
  server = await serve((response, request) => {
    const { url } = server;
    const metadata = {
      issuer: url + path,
      authorization_endpoint: 'https://accounts.example/authorize',
      token_endpoint: `${url}/token`,
      ...change,
    };
    if (at.includes(request.path)) json(200, metadata)(response, request);
    else response.writeHead(404).end('<h1>Not found</h1>');
  });
  return server.url + path;
}

afterEach(() => server.close());
afterAll(() => http.close());

describe('discovery', () => {
  it('reads the fields that are used, and assumes no others', async () => {
    const issuer = await publish('', [OIDC]);
    expect(await discover(http, issuer)).toEqual({
      issuer,
      authorizationEndpoint: 'https://accounts.example/authorize',
      tokenEndpoint: `${issuer}/token`,
      revocationEndpoint: null,
      deviceAuthorizationEndpoint: null,
      userinfoEndpoint: null,
      codeChallengeMethods: null,
      responseIssSupported: false,
      idTokenSigningAlgorithms: ['RS256'],
      pushedRequestsRequired: false,
      pushedRequestEndpoint: null,
      dpopKnown: false,
      registrationEndpoint: null,
      clientIdDocuments: false,
      tokenAuthMethods: null,
      grantTypes: null,
      scopesSupported: null,
    });
  });

  it('asks for the document of RFC 8414 first if only a resource is known', async () => {
    const issuer = await publish('/tenant', [`/tenant${OIDC}`]);
    await discover(http, issuer, { order: 'oauth' });
    expect(server.received.map(({ path }) => path)).toEqual([
      `${RFC8414}/tenant`,
      `${OIDC}/tenant`,
      `/tenant${OIDC}`,
    ]);
  });

  it('reads all published fields', async () => {
    const issuer = await publish('', [OIDC], {
      revocation_endpoint: 'https://accounts.example/revoke',
      device_authorization_endpoint: 'https://accounts.example/device',
      userinfo_endpoint: 'https://accounts.example/me',
      code_challenge_methods_supported: ['plain', 7, 'S256'],
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['ES256'],
      token_endpoint_auth_methods_supported: ['none'],
    });
    expect(await discover(http, issuer)).toMatchObject({
      revocationEndpoint: 'https://accounts.example/revoke',
      deviceAuthorizationEndpoint: 'https://accounts.example/device',
      userinfoEndpoint: 'https://accounts.example/me',
      codeChallengeMethods: ['plain', 'S256'],
      responseIssSupported: true,
      idTokenSigningAlgorithms: ['ES256'],
    });
  });

  it.each([
    ['', [RFC8414]],
    ['/tenant', [`/tenant${OIDC}`]],
    ['/tenant', [`${RFC8414}/tenant`]],
    ['/tenant/', [`/tenant${OIDC}`]],
  ])('of the issuer with path "%s" finds %j', async (path, at) => {
    const issuer = await publish(path, at);
    expect((await discover(http, issuer)).issuer).toBe(issuer);
  });

  it.each([[301], [302], [303], [307], [308]])(
    'follows a redirect (%i) within the server',
    async (status) => {
      const metadata = {
        authorization_endpoint: 'https://accounts.example/a',
        token_endpoint: 'https://accounts.example/t',
      };
      server = await serve((response, request) => {
        if (request.path === OIDC) response.writeHead(status, { location: `${OIDC}/` }).end();
        else json(200, { ...metadata, issuer: server.url })(response, request);
      });
      expect((await discover(http, server.url)).issuer).toBe(server.url);
      expect(server.received.map(({ path }) => path)).toEqual([OIDC, `${OIDC}/`]);
    },
  );

  it('follows no redirect to another server, and names the target', async () => {
    const elsewhere = await serve(json(200, {}));
    server = await serve((response) => response.writeHead(301, { location: `${elsewhere.url}/x` }).end());
    await expect(discover(http, server.url)).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining(`answers with a redirect (301) to ${elsewhere.host}`),
      hint: expect.stringContaining(`if ${elsewhere.host} is the server you mean, set its issuer`),
    });
    expect(elsewhere.received).toEqual([]);
    await elsewhere.close();
  });

  it.each([
    ['leads in circles', { location: OIDC }],
    ['leads nowhere', {}],
  ])('fails at a redirect that %s', async (_, headers) => {
    server = await serve((response) => response.writeHead(302, headers).end());
    await expect(discover(http, server.url)).rejects.toMatchObject({
      message: expect.stringContaining('answers with a redirect (302)'),
    });
    expect(server.received.length).toBeLessThanOrEqual(8);
  });

  it('accepts a server where no user can log in', async () => {
    const issuer = await publish('', [OIDC], { authorization_endpoint: undefined });
    expect(await discover(http, issuer)).toMatchObject({ authorizationEndpoint: null });
  });

  it('refuses metadata of another issuer, and names it', async () => {
    const issuer = await publish('', [OIDC], { issuer: 'https://evil.example' });
    await expect(discover(http, issuer)).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringContaining(server.host),
      hint: expect.stringContaining('https://evil.example'),
    });
  });

  it('refuses an issuer that differs by a slash', async () => {
    const issuer = await publish('/tenant', [`/tenant${OIDC}`]);
    await expect(discover(http, `${issuer}/`)).rejects.toMatchObject({ code: 'provider_answer_invalid' });
  });

  it.each([
    ['token_endpoint', null, 'names no'],
    ['token_endpoint', 'http://accounts.example/token', 'unsafe'],
    ['authorization_endpoint', 'javascript:alert(1)', 'unsafe'],
    ['revocation_endpoint', 'file:///etc/passwd', 'unsafe'],
    ['userinfo_endpoint', 7, 'unsafe'],
  ])('refuses metadata whose %s is %j', async (name, value, words) => {
    const issuer = await publish('', [OIDC], { [name]: value });
    const message = expect.stringMatching(new RegExp(`${words} .*${name}`));
    await expect(discover(http, issuer)).rejects.toMatchObject({ code: 'provider_answer_invalid', message });
  });

  it('reports that nothing is published', async () => {
    const issuer = await publish('', []);
    const message = `${server.host} publishes no metadata under this issuer`;
    await expect(discover(http, issuer)).rejects.toMatchObject({ code: 'provider_answer_invalid', message });
    expect(server.received.map((request) => request.path)).toEqual([OIDC, RFC8414]);
  });

  it.each([[500], [503], [429]])('can be repeated later after status %i', async (status) => {
    server = await serve(json(status, {}));
    await expect(discover(http, server.url)).rejects.toMatchObject({ code: 'provider_unavailable' });
  });

  it('can be repeated later after a network failure', async () => {
    server = await serve(json(200, {}));
    await server.close();
    const message = expect.stringContaining(`${server.host} could not be reached`);
    await expect(discover(http, server.url)).rejects.toMatchObject({ code: 'network_failed', message });
  });

  it.each([
    ['http://accounts.example'],
    ['accounts.example'],
    ['https://accounts.example?a=b'],
    ['file:///x'],
  ])('does not query the issuer %s', async (issuer) => {
    server = await serve(json(200, {}));
    await expect(discover(http, issuer)).rejects.toMatchObject({ code: 'config_invalid' });
  });
});

describe('an https issuer', () => {
  const asked = (change: Record<string, unknown>) => {
    const issuer = 'https://accounts.example';
    const metadata = {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      ...change,
    };
    const send = async () => ({ status: 200, headers: {}, body: JSON.stringify(metadata) });
    return discover({ send, close: async () => {} }, issuer);
  };

  it.each([
    'authorization_endpoint',
    'token_endpoint',
    'revocation_endpoint',
    'device_authorization_endpoint',
    'userinfo_endpoint',
  ])('cannot name a port of this machine as %s', async (name) => {
    await expect(asked({ [name]: 'https://other.example/x' })).resolves.toBeDefined();
    for (const address of ['http://127.0.0.1:8080/x', 'http://localhost:8080/x', 'http://[::1]:8080/x'])
      await expect(asked({ [name]: address })).rejects.toMatchObject({
        code: 'provider_answer_invalid',
        message: expect.stringContaining(`names an http address of this machine as ${name}`),
      });
  });
});
