import { describe, expect, it } from 'vitest';
import { google } from '../../src/providers/google.js';
import { builtInProvider } from '../../src/providers/index.js';
import { microsoft } from '../../src/providers/microsoft.js';
import { notion } from '../../src/providers/notion.js';
import { youtube } from '../../src/providers/youtube.js';

const TENANT = '11111111-2222-3333-4444-555555555555';

describe('Google', () => {
  it('needs the client secret, which is not confidential, in the body', () => {
    expect([google.client.secret, google.clientAuth, google.tokenBody]).toEqual(['required', 'post', 'form']);
  });

  it('asks for consent only if a refresh token is needed', () => {
    expect(google.authorizeParams).toEqual({ access_type: 'offline' });
    expect(google.reconsentParams).toEqual({ prompt: 'consent' });
  });

  it('knows the aliases of returned scopes', () => {
    expect(google.scopeAliases['email']).toBe('https://www.googleapis.com/auth/userinfo.email');
    expect(google.scopeAliases['profile']).toBe('https://www.googleapis.com/auth/userinfo.profile');
  });

  it('counts an unknown token as revoked, and warns what else is revoked', () => {
    expect(google.revocation.alreadyGone).toEqual(['400 invalid_token']);
    expect(google.revocation.caution).toContain('whole Cloud project');
  });

  it.each(['123456789012-abc123.apps.googleusercontent.com', '123456789012.apps.googleusercontent.com'])(
    'accepts %s as a client id',
    (id) => expect(id).toMatch(new RegExp(`^(?:${google.client.idPattern})$`)),
  );

  it.each(['client-secret-example', 'apps.googleusercontent.com', 'x.apps.googleusercontentXcom'])(
    'does not accept %s as a client id',
    (id) => expect(id).not.toMatch(new RegExp(`^(?:${google.client.idPattern})$`)),
  );
});

describe('YouTube', () => {
  it('speaks to Google and falls back on the client of Google', () => {
    expect(youtube.endpoints).toEqual(google.endpoints);
    expect(youtube.issuer).toBe(google.issuer);
    expect(youtube.client.idVariables).toEqual(['YOUTUBE_CLIENT_ID', 'GOOGLE_CLIENT_ID']);
  });

  it('has the channel in the identity, beside the person', () => {
    expect(youtube.identity.subject).toEqual(['id_token.sub', 'items.0.id']);
    expect(youtube.requiredScopes).toContain('https://www.googleapis.com/auth/youtube.readonly');
  });

  it('labels accounts by channel, because channels of a person share the address', () => {
    expect(youtube.identity.email).toEqual([]);
    expect(youtube.identity.name[0]).toBe('items.0.snippet.customUrl');
  });
});

describe('Microsoft', () => {
  it.each([
    ['common', 'https://login.microsoftonline.com/{tenantid}/v2.0', true],
    ['organizations', 'https://login.microsoftonline.com/{tenantid}/v2.0', true],
    ['contoso.onmicrosoft.com', 'https://login.microsoftonline.com/{tenantid}/v2.0', true],
    ['consumers', 'https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', false],
    [TENANT, `https://login.microsoftonline.com/${TENANT}/v2.0`, false],
  ])('of the tenant %s has the issuer %s', (tenant, issuer, issuerTemplate) => {
    const provider = builtInProvider('microsoft', { MICROSOFT_TENANT_ID: tenant });
    expect(provider).toMatchObject({ issuer, issuerTemplate });
    expect(provider?.endpoints?.token).toBe(`https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token`);
  });

  it.each([{}, { MICROSOFT_TENANT_ID: '' }, { MICROSOFT_TENANT_ID: ' common ' }])(
    'is for every user with %j',
    (env) => {
      expect(builtInProvider('microsoft', env)).toEqual(microsoft('common'));
    },
  );

  it.each(['../evil', 'common/../x', 'a b', 'localhost', 'x?y', 'evil.example/', `${TENANT}x`])(
    'refuses the tenant %j, which would make another address',
    (tenant) => {
      expect(() => microsoft(tenant)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
      expect(() => microsoft(tenant)).not.toThrow(tenant);
    },
  );

  it('redirects to http://localhost without a path, at any port', () => {
    expect(microsoft('common').redirect).toEqual({ host: 'localhost', port: 0, path: '' });
  });

  it('sends no secret unless one is set, and then in the body', () => {
    const { clientAuth, client } = microsoft('common');
    expect([clientAuth, client.secret, client.authWithSecret]).toEqual(['none', 'optional', 'post']);
  });

  it('never counts offline_access as refused', () => {
    expect(microsoft('common').scopesNotEchoed).toContain('offline_access');
  });

  it('cannot be revoked, and says where the user can remove the grant', () => {
    expect(microsoft('common').revocation.style).toBe('none');
    expect(microsoft('common').manageUrl).toBe('https://myapps.microsoft.com');
    expect(microsoft('consumers').manageUrl).toBe('https://account.live.com/consent/Manage');
  });

  it('identifies a user by tenant and object, not by the address', () => {
    expect(microsoft('common').identity.subject).toEqual(['tid', 'oid']);
  });

  it.each([
    ['loginNeeded', 'AADSTS700082'],
    ['configuration', 'AADSTS7000218'],
    ['policy', 'AADSTS53003'],
    ['transient', 'AADSTS50196'],
  ] as const)('counts as %s: %s', (kind, code) => {
    expect(microsoft('common').errors[kind]).toContain(code);
  });
});

describe('Notion', () => {
  it('gets JSON, raw Basic and a version with each request', () => {
    expect([notion.tokenBody, notion.clientAuth]).toEqual(['json', 'basic-raw']);
    expect(notion.headers).toEqual({ 'Notion-Version': expect.stringMatching(/^\d{4}-\d\d-\d\d$/) });
  });

  it('has neither PKCE nor scopes, but an owner', () => {
    expect([notion.pkce, notion.scopes]).toEqual([false, []]);
    expect(notion.authorizeParams).toEqual({ owner: 'user' });
  });

  it('shows exactly the redirect URI that is used, in the steps of registration', () => {
    const { host, port, path } = notion.redirect;
    expect(notion.client.registrationSteps.join()).toContain(`http://${host}:${port}${path} `);
  });

  it('identifies an account by bot and workspace', () => {
    expect(notion.identity).toMatchObject({ from: 'token_response', subject: ['bot_id', 'workspace_id'] });
  });
});
