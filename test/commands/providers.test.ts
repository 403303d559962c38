import { describe, expect, it } from 'vitest';
import { printProviders, providers } from '../../src/commands/providers.js';
import type { ProviderView } from '../../src/services/overview/overview.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const GOOGLE: ProviderView = {
  name: 'google',
  title: 'Google',
  builtIn: true,
  configured: false,
  missing: ['GOOGLE_CLIENT_ID is not set'],
  issuer: 'https://accounts.google.com',
  resource: null,
  registers: false,
  scopes: ['openid', 'email'],
  grant: null,
  redirectUri: 'http://127.0.0.1',
  anyRedirect: true,
  pkce: true,
  revocation: true,
  idVariables: ['GOOGLE_CLIENT_ID'],
  secretVariables: ['GOOGLE_CLIENT_SECRET'],
  secret: 'required',
  clientId: null,
  clientIdFrom: null,
  hasClientSecret: false,
  registrationUrl: 'https://console.cloud.google.com/apis/credentials',
  registrationSteps: ['Create an OAuth client ID', 'Choose Desktop app'],
  manageUrl: 'https://myaccount.google.com/connections',
  notes: ['The secret of a desktop app is not secret.'],
  topics: ['mail', 'files'],
  accessTokenLife: '1 hour',
  refreshTokenLife: '6 months without use',
  rotates: 'yes',
  source: 'https://developers.google.com/identity',
  sourceRead: '2026-11',
  triedLive: false,
};

const OWN: ProviderView = {
  ...GOOGLE,
  name: 'intranet',
  title: 'Intranet',
  builtIn: false,
  configured: true,
  missing: [],
  scopes: [],
  pkce: false,
  revocation: false,
  idVariables: [],
  secretVariables: [],
  secret: 'forbidden',
  anyRedirect: false,
  clientId: 'cli',
  clientIdFrom: 'config_file',
  registrationUrl: '',
  registrationSteps: [],
  manageUrl: null,
  notes: [],
  topics: [],
  accessTokenLife: null,
  refreshTokenLife: null,
  rotates: null,
  source: null,
  sourceRead: null,
  triedLive: null,
};

async function printed(line: string, views: readonly ProviderView[], options: TerminalOptions = {}) {
  const { io, written } = terminal(options);
  printProviders(views, (await inputOf(providers, line)).name, io);
  return written;
}

describe('vault providers', () => {
  it('lists the providers and what they are for, those that are ready first', async () => {
    const list = `PROVIDER  TITLE     READY  FOR
intranet  Intranet  yes    from config.json
google    Google    no     mail, files
`;
    expect((await printed('', [GOOGLE, OWN])).stdout).toBe(list);
    expect((await printed('in', [GOOGLE, OWN])).stdout).toBe(list);
  });

  it('lists also the only one that a word was found in', async () => {
    expect((await printed('goo', [GOOGLE])).stdout).toMatch(/^PROVIDER .*\ngoogle .*\n$/);
  });

  it('shows one with the steps to set it up', async () => {
    expect((await printed('google', [GOOGLE])).stdout).toBe(`provider       Google (google)
ready          no: vault setup google
               GOOGLE_CLIENT_ID is not set
register at    https://console.cloud.google.com/apis/credentials
steps          1. Create an OAuth client ID
               2. Choose Desktop app
client id      not set (GOOGLE_CLIENT_ID)
client secret  not set (GOOGLE_CLIENT_SECRET; required)
scopes         openid
               email
access token   1 hour
refresh token  6 months without use; each refresh replaces it
issuer         https://accounts.google.com
PKCE           yes
revocation     supported
manage at      https://myaccount.google.com/connections
notes          The secret of a desktop app is not secret.
source         https://developers.google.com/identity
               read 2026-11
               from documentation, not tried live
`);
  });

  it.each([
    ['environment', 'x (environment)'],
    ['env_file', 'x (.env)'],
    ['config_file', 'x (config.json; WORK_CLIENT_ID overrides it)'],
  ] as const)('shows a client id from the %s, and what overrides it', async (clientIdFrom, shown) => {
    const view = { ...OWN, clientId: 'x', clientIdFrom, idVariables: ['WORK_CLIENT_ID'] };
    expect((await printed('intranet', [view])).stdout).toContain(`client id      ${shown}\n`);
  });

  it('shows a provider of config.json with its fields', async () => {
    expect(
      (await printed('intranet', [OWN])).stdout,
    ).toBe(`provider       Intranet (intranet, from config.json)
ready          yes: vault login intranet
register at    the provider's developer site
redirect URI   http://127.0.0.1
client id      cli (config.json)
client secret  must not be set
scopes         none
issuer         https://accounts.google.com
PKCE           no
revocation     only on the provider's own page
`);
  });

  it.each([
    ['', [GOOGLE, OWN]],
    ['google', [GOOGLE]],
  ])('is a document with --json, for "%s"', async (line, views) => {
    const { stdout, stderr } = await printed(line, views, { json: true });
    const document = JSON.parse(stdout);
    expect(stderr).toBe('');
    expect(document.providers).toHaveLength(views.length);
    expect(document.providers[0]).toEqual({
      name: 'google',
      title: 'Google',
      built_in: true,
      configured: false,
      missing: ['GOOGLE_CLIENT_ID is not set'],
      issuer: 'https://accounts.google.com',
      resource: null,
      registers: false,
      registration: null,
      scopes: ['openid', 'email'],
      grant: null,
      redirect_uri: 'http://127.0.0.1',
      any_redirect: true,
      pkce: true,
      revocation: true,
      id_variables: ['GOOGLE_CLIENT_ID'],
      secret_variables: ['GOOGLE_CLIENT_SECRET'],
      secret: 'required',
      client_id: null,
      client_id_from: null,
      has_client_secret: false,
      registration_url: 'https://console.cloud.google.com/apis/credentials',
      registration_steps: ['Create an OAuth client ID', 'Choose Desktop app'],
      manage_url: 'https://myaccount.google.com/connections',
      notes: ['The secret of a desktop app is not secret.'],
      topics: ['mail', 'files'],
      access_token_life: '1 hour',
      refresh_token_life: '6 months without use',
      rotates: 'yes',
      source: 'https://developers.google.com/identity',
      source_read: '2026-11',
      tried_live: false,
    });
  });
});
