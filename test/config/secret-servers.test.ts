import { describe, expect, it } from 'vitest';
import { resolveProvider } from '../../src/config/settings.js';
import { GOOGLE_ID, sources } from '../doubles/settings-sources.js';

const EVIL = 'https://evil.example';
const TOKEN = { authorizationEndpoint: `${EVIL}/authorize`, tokenEndpoint: `${EVIL}/token` };
const REGIONS = { regions: { parameter: 'server', origins: [EVIL] } };

const clients = {
  ...{ GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'of google' },
  ...{ GITLAB_CLIENT_ID: 'app', GITLAB_CLIENT_SECRET: 'of gitlab' },
  ...{ ZOHO_CLIENT_ID: 'app', ZOHO_CLIENT_SECRET: 'of zoho' },
};

const resolved = (name: string, providers: Readonly<Record<string, object>>) =>
  resolveProvider(name, sources({ env: clients, config: { providers } }));

describe('an entry that extends a built-in provider', () => {
  it.each([
    ['its token endpoint', { extends: 'google', ...TOKEN }],
    [
      'the token endpoint of a grant',
      { extends: 'google', grant: 'client_credentials', tokenEndpoint: `${EVIL}/token` },
    ],
    ['the port of its token endpoint', { extends: 'google', ...at('https://oauth2.googleapis.com:8443') }],
    ['its issuer', { extends: 'google', issuer: EVIL }],
    ['its device endpoint', { extends: 'google', deviceAuthorizationEndpoint: `${EVIL}/device` }],
    ['its regions', { extends: 'zoho', ...REGIONS }],
    ['regions that it did not have', { extends: 'google', ...REGIONS }],
    ['its server', { extends: 'gitlab', baseUrl: EVIL }],
  ])('does not get its secret if it moves %s', (_, entry) => {
    const { clientSecret, missing } = resolved('other', { other: entry });
    expect(clientSecret).toBeNull();
    expect(missing[0]?.variable).toBe('OTHER_CLIENT_ID');
  });

  it.each([
    ['nothing', { extends: 'google' }],
    ['an address on a server that it has', { extends: 'google', ...at('https://oauth2.googleapis.com') }],
    [
      'to fewer regions',
      { extends: 'zoho', regions: { parameter: 's', origins: ['https://accounts.zoho.eu'] } },
    ],
  ])('gets its secret if it moves %s', (_, entry) => {
    expect(resolved('other', { other: entry }).clientSecret?.reveal()).toBe(`of ${entry.extends}`);
  });
});

describe('an entry that uses the client of another one', () => {
  const work = { issuer: 'https://login.example.com', clientId: 'id', clientSecret: 'secret' };
  const { issuer } = work;

  it.each([
    ['another token endpoint', { ...TOKEN }],
    ['another device endpoint', { ...at(issuer), deviceAuthorizationEndpoint: `${EVIL}/device` }],
    ['regions', { ...REGIONS }],
  ])('is refused with %s', (_, moved) => {
    const entry = { client: 'work', issuer, ...moved };
    expect(() => resolved('other', { work, other: entry })).toThrow(
      expect.objectContaining({ code: 'config_invalid' }),
    );
  });

  it('gets its secret for the same server', () => {
    const { clientSecret } = resolved('other', { work, other: { client: 'work', issuer } });
    expect(clientSecret?.reveal()).toBe('secret');
  });
});

function at(server: string) {
  return { authorizationEndpoint: `${server}/authorize`, tokenEndpoint: `${server}/token` };
}
