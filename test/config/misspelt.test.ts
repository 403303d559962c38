import { describe, expect, it } from 'vitest';
import { misspeltVariables } from '../../src/config/misspelt.js';

describe('a variable of .env that nothing reads', () => {
  const providers = ['google', 'microsoft', 'youtube', 'notion', 'my-idp'];

  it.each([
    ['GOOGLE_CLIENTID', 'GOOGLE_CLIENT_ID'],
    ['google_client_secret', 'GOOGLE_CLIENT_SECRET'],
    ['MY_IPD_CLIENT_ID', 'MY_IDP_CLIENT_ID'],
    ['MICROSOFT_TENENT_ID', 'MICROSOFT_TENANT_ID'],
    ['OAUTH_REDIRECT_URL', 'OAUTH_REDIRECT_URI'],
    ['OTHER_CLIENT_ID', null],
  ])('is probably misspelt: %s', (name, meant) => {
    expect(misspeltVariables([name], providers)).toEqual([{ name, meant }]);
  });

  it.each(['MY_IDP_CLIENT_SECRET', 'YOUTUBE_CLIENT_ID', 'VAULT_ADDR', 'NODE_ENV', 'PATH'])(
    'is not, or is of another program: %s',
    (name) => {
      expect(misspeltVariables([name], providers)).toEqual([]);
    },
  );
});
