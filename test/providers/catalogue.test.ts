import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../src/domain/endpoint.js';
import { clientVariables } from '../../src/domain/environment.js';
import type { Provider } from '../../src/providers/contract.js';
import { builtInProvider, catalogue } from '../../src/providers/index.js';

function get(name: string, env: Record<string, string> = {}): Provider {
  const provider = builtInProvider(name, env);
  if (provider === null) throw new Error(`${name} is not built in`);
  return provider;
}

it('has these providers, in this order', () => {
  expect(catalogue.names.join(' ')).toBe(
    'google microsoft youtube notion asana atlassian bitbucket box discord dropbox fastmail figma github gitlab ' +
      'hubspot linear linkedin reddit salesforce slack spotify strava todoist twitch x yahoo zoho zoom',
  );
});

it.each(['constructor', '__proto__', 'toString', 'Google', ''])('knows no provider %j', (name) => {
  expect(builtInProvider(name, {})).toBeNull();
});

describe.each(catalogue.names)('each provider: %s', (name) => {
  const provider = get(name);
  const { client, endpoints, identity, redirect, revocation, documented } = provider;

  it('is plain data under its own name', () => {
    expect(provider.name).toBe(name);
    expect(JSON.parse(JSON.stringify(provider))).toEqual(provider);
    expect(JSON.stringify(provider)).not.toMatch(/\{base\}/);
  });

  it('has only https addresses', () => {
    const pages = [client.registrationUrl, provider.manageUrl, identity.request?.url, documented?.source];
    const urls = [...Object.values(endpoints ?? {}), provider.issuer.replace('{tenantid}', 'tenant')];
    for (const url of [...urls, ...pages].filter((each) => each !== null && each !== undefined)) {
      expect(new URL(url).protocol).toBe('https:');
    }
    for (const url of urls.filter((each) => each !== null)) expect(parseEndpoint(url)).not.toBeNull();
  });

  it('requests by default all scopes that it always requests', () => {
    expect(provider.scopes).toEqual(expect.arrayContaining([...(provider.requiredScopes ?? [])]));
  });

  it('recognises a complete client id of the form it shows', () => {
    const pattern = new RegExp(`^(?:${client.idPattern ?? client.idExample})$`);
    expect(client.idExample).toMatch(pattern);
    expect(`${client.idExample} `).not.toMatch(pattern);
  });

  it('names a secret variable for each id variable, its own first', () => {
    expect(client.idVariables[0]).toBe(clientVariables(name).id);
    expect(client.secretVariables).toEqual(client.idVariables.map((id) => id.replace('_ID', '_SECRET')));
  });

  it('has a redirect URI on this machine', () => {
    expect(['127.0.0.1', 'localhost']).toContain(redirect.host);
    expect(redirect.path).toMatch(/^(\/[a-z/]+)?$/);
  });

  it('reads the subject from a document that is requested', () => {
    expect(identity.subject.length).toBeGreaterThan(0);
    expect(identity.from === 'request').toBe(identity.request !== null);
    const readsIdToken =
      identity.from === 'id_token' || identity.subject.some((path) => path.startsWith('id_token.'));
    expect(readsIdToken).toBe(provider.requiredScopes?.includes('openid') ?? false);
  });

  it('has a revocation endpoint exactly if it supports revocation', () => {
    const { revocation: endpoint } = endpoints ?? { revocation: 'discovered' };
    expect(endpoint !== null).toBe(revocation.style !== 'none');
  });

  it('sends tokens to revoke nowhere else, unless it says so', () => {
    const { token, revocation: endpoint } = endpoints ?? { token: provider.issuer, revocation: null };
    const elsewhere = new URL(endpoint ?? token).origin !== new URL(token).origin;
    expect(elsewhere).toBe(revocation.elsewhere === true);
  });

  it('gives no error code two meanings', () => {
    const codes = Object.values(provider.errors).flat();
    expect(codes).toEqual([...new Set(codes)]);
  });

  it('says how to register a client, and where', () => {
    expect(client.registrationSteps.length).toBeGreaterThan(1);
    expect([...client.registrationSteps, ...provider.notes].filter((line) => !line.endsWith('.'))).toEqual(
      [],
    );
  });

  it('names its documentation, and when that was read', () => {
    expect(documented?.read).toMatch(/^\d{4}-\d\d$/);
    expect(documented?.topics.length).toBeGreaterThan(0);
    expect([documented?.accessToken, documented?.refreshToken]).not.toContain('');
  });

  it('replaces no parameter of the protocol', () => {
    const params = { ...provider.authorizeParams, ...provider.reconsentParams };
    expect(Object.keys(params)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(scope|state|nonce|client_id)$/)]),
    );
  });
});

describe('different providers', () => {
  it('have different redirect URIs', () => {
    const uris = catalogue.names.map((name) => get(name).redirect).map(({ host, path }) => host + path);
    expect(new Set(uris).size).toBe(uris.length);
  });
});

describe('a provider that exists at several addresses', () => {
  it('is at the one that its variable names, and nowhere else', () => {
    const own = get('gitlab', { GITLAB_OAUTH_URL: ' https://git.example.com/sub/ ' });
    expect(own.issuer).toBe('https://git.example.com/sub');
    expect(own.endpoints?.token).toBe('https://git.example.com/sub/oauth/token');
    expect(JSON.stringify(own)).not.toContain('https://gitlab.com');
  });

  it.each([
    'git.example.com',
    'http://git.example.com',
    'https://git.example.com?x=1',
    'https://u:p@g.example',
  ])('is not at %s', (url) => {
    expect(() => get('gitlab', { GITLAB_OAUTH_URL: url })).toThrow(
      /GITLAB_OAUTH_URL is not the https address/,
    );
  });

  it('may exist twice, and the secret of one is not sent to the other', () => {
    const settings = { extends: 'gitlab', baseUrl: 'https://git.example.com' };
    const base = builtInProvider('gitlab', {}, settings.baseUrl);
    const forge = catalogue.fromConfig('forge', settings, base);
    expect(forge.endpoints?.token).toBe('https://git.example.com/oauth/token');
    expect(forge.client.secretVariables).toEqual(['FORGE_CLIENT_SECRET']);
  });

  it('is the only kind that takes a baseUrl', () => {
    expect(() => builtInProvider('github', {}, 'https://git.example.com')).toThrow(/no baseUrl/);
    const own = { issuer: 'https://id.example.com', baseUrl: 'https://git.example.com' };
    expect(() => catalogue.fromConfig('mine', own, null)).toThrow(
      /baseUrl in config.json is for a built-in provider/,
    );
  });
});
