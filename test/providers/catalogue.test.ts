import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../../src/domain/endpoint.js';
import type { Provider } from '../../src/providers/contract.js';
import { builtInProvider, catalogue } from '../../src/providers/index.js';

function get(name: string, env: Record<string, string> = {}): Provider {
  const provider = builtInProvider(name, env);
  if (provider === null) throw new Error(`${name} is not built in`);
  return provider;
}

it('has these providers, in this order', () => {
  expect(catalogue.names).toEqual(['google', 'microsoft', 'youtube', 'notion']);
});

it.each(['constructor', '__proto__', 'toString', 'Google', ''])('knows no provider %j', (name) => {
  expect(builtInProvider(name, {})).toBeNull();
});

describe.each(catalogue.names)('each provider: %s', (name) => {
  const provider = get(name);
  const { client, endpoints, identity, redirect, revocation } = provider;

  it('is plain data under its own name', () => {
    expect(provider.name).toBe(name);
    expect(JSON.parse(JSON.stringify(provider))).toEqual(provider);
  });

  it('has only https addresses', () => {
    const pages = [client.registrationUrl, provider.manageUrl, identity.request?.url];
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
    const pattern = new RegExp(`^(?:${client.idPattern})$`);
    expect(client.idExample).toMatch(pattern);
    expect(`${client.idExample} `).not.toMatch(pattern);
  });

  it('names a secret variable for each id variable, its own first', () => {
    expect(client.idVariables[0]).toBe(`${name.toUpperCase()}_CLIENT_ID`);
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
    expect(endpoints?.revocation !== null).toBe(revocation.style !== 'none');
  });

  it('gives no error code two meanings', () => {
    const codes = Object.values(provider.errors).flat();
    expect(codes).toEqual([...new Set(codes)]);
  });

  it('says how to register a client, and where', () => {
    expect(client.registrationSteps.length).toBeGreaterThan(1);
    expect(client.registrationSteps.every((step) => step.endsWith('.'))).toBe(true);
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
