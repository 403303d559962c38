import { describe, expect, it } from 'vitest';
import type { SettingsSources } from '../../../src/config/settings.js';
import { providerOverview } from '../../../src/services/overview/overview.js';
import { GOOGLE_ID, sources } from '../../doubles/settings-sources.js';

const GOOGLE = { GOOGLE_CLIENT_ID: GOOGLE_ID, GOOGLE_CLIENT_SECRET: 'client-secret-example' };

const overview = (from: SettingsSources, name: string | null) =>
  providerOverview({ settings: async () => from }, name);

describe('the overview of providers', () => {
  it('reports whether each can be used, and what it still needs', async () => {
    const config = { providers: { mine: { issuer: 'https://issuer.example' } } };
    const views = await overview(sources({ env: GOOGLE, config }), null);
    expect(
      views
        .filter(({ name }) => ['google', 'microsoft', 'youtube', 'notion', 'mine'].includes(name))
        .map(({ name, builtIn, configured, missing }) => ({ name, builtIn, configured, missing })),
    ).toEqual([
      { name: 'google', builtIn: true, configured: true, missing: [] },
      { name: 'microsoft', builtIn: true, configured: false, missing: ['MICROSOFT_CLIENT_ID is not set'] },
      { name: 'youtube', builtIn: true, configured: true, missing: [] },
      {
        name: 'notion',
        builtIn: true,
        configured: false,
        missing: ['NOTION_CLIENT_ID is not set', 'NOTION_CLIENT_SECRET is not set'],
      },
      { name: 'mine', builtIn: false, configured: false, missing: ['MINE_CLIENT_ID is not set'] },
    ]);
  });

  it('shows the redirect URI to register, without a port if any will do', async () => {
    const views = await overview(sources(), null);
    expect(views.slice(0, 4).map((view) => view.redirectUri)).toEqual([
      'http://127.0.0.1/callback/google',
      'http://localhost',
      'http://127.0.0.1/callback/youtube',
      'http://localhost:17890/callback/notion',
    ]);
    const env = { OAUTH_REDIRECT_URI: 'https://example.com/cb' };
    expect((await overview(sources({ env }), 'notion'))[0]?.redirectUri).toBe('https://example.com/cb');
  });

  it('shows one provider with all its settings', async () => {
    expect(await overview(sources(), 'microsoft')).toEqual([
      expect.objectContaining({
        title: 'Microsoft',
        pkce: true,
        revocation: false,
        secret: 'optional',
        idVariables: ['MICROSOFT_CLIENT_ID'],
        secretVariables: ['MICROSOFT_CLIENT_SECRET'],
        manageUrl: 'https://myapps.microsoft.com',
      }),
    ]);
  });

  it.each([
    ['environment', { env: GOOGLE, envFile: { GOOGLE_CLIENT_ID: `2-${GOOGLE_ID}` } }],
    ['env_file', { envFile: GOOGLE }],
    ['config_file', { config: { providers: { google: { clientId: GOOGLE_ID } } } }],
    [null, {}],
  ])('says that the client id counts from the %s', async (clientIdFrom, given) => {
    const clientId = clientIdFrom === null ? null : GOOGLE_ID;
    const hasClientSecret = clientIdFrom === 'environment' || clientIdFrom === 'env_file';
    expect(await overview(sources(given), 'google')).toMatchObject([
      { clientId, clientIdFrom, hasClientSecret },
    ]);
  });

  it('names errors beside missing settings', async () => {
    const [view] = await overview(
      sources({ env: { MICROSOFT_CLIENT_ID: 'client-id-example' } }),
      'microsoft',
    );
    expect(view?.configured).toBe(false);
    expect(view?.missing).toEqual([expect.stringContaining('does not have the form')]);
  });

  it('contains no secret', async () => {
    const views = await overview(sources({ env: GOOGLE }), null);
    expect(JSON.stringify(views)).not.toContain('client-secret-example');
  });

  it.each([
    ['mail', 'google microsoft fastmail yahoo zoho'],
    ['GIT', 'bitbucket github gitlab'],
    ['cloud', 'bitbucket'],
    ['x', 'x'],
  ])('finds by the word %s: %s', async (word, names) => {
    expect((await overview(sources(), word)).map(({ name }) => name).join(' ')).toBe(names);
  });

  it('finds no other provider', async () => {
    await expect(overview(sources(), 'gitea')).rejects.toMatchObject({ code: 'provider_unknown' });
  });
});
