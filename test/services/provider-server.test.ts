import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configureProvider } from '../../src/config/settings.js';
import { serverOf } from '../../src/services/provider-server.js';
import type { Http } from '../../src/system/contract.js';
import { json, type LocalServer, localHttp, serve } from '../doubles/local-server.js';
import { GUID, sources } from '../doubles/settings-sources.js';

let metadata: Record<string, unknown>;
let server: LocalServer;
let http: Http;
beforeEach(async () => {
  metadata = {};
  server = await serve((response, request) => json(200, metadata)(response, request));
  metadata = {
    issuer: server.url,
    authorization_endpoint: `${server.url}/authorize`,
    token_endpoint: `${server.url}/token`,
  };
  http = localHttp();
});
afterEach(async () => {
  await http.close();
  await server.close();
});

const discovered = (settings: Readonly<Record<string, unknown>> = {}) => {
  const mine = { issuer: server.url, clientId: 'client-example', ...settings };
  return serverOf(configureProvider('mine', sources({ config: { providers: { mine } } })), async () => http);
};

describe('the endpoints of a provider', () => {
  it('are known for a built-in one, without a request', async () => {
    const microsoft = configureProvider('microsoft', sources({ env: { MICROSOFT_CLIENT_ID: GUID } }));
    const never = () => Promise.reject(new Error('nothing must be sent here'));
    expect(await serverOf(microsoft, never)).toMatchObject({
      issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0',
      tokenEndpoint: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
      revocationEndpoint: null,
    });
  });

  it('are requested from an issuer', async () => {
    expect(await discovered()).toMatchObject({
      tokenEndpoint: `${server.url}/token`,
      codeChallengeMethods: null,
    });
  });

  it('are refused if the server does not support S256, unless PKCE is off', async () => {
    metadata['code_challenge_methods_supported'] = ['plain'];
    await expect(discovered()).rejects.toMatchObject({
      code: 'config_invalid',
      hint: 'if the server does not support PKCE at all, set providers.mine.pkce to false in config.json',
    });
    expect(await discovered({ pkce: false })).toMatchObject({ codeChallengeMethods: ['plain'] });
  });
});
