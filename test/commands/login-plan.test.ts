import { describe, expect, it } from 'vitest';
import { printPlan } from '../../src/commands/login.js';
import type { LoginPlan } from '../../src/services/login/login-request.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';

describe('vault login --dry-run', () => {
  const PLAN: LoginPlan = {
    provider: 'google',
    title: 'Google',
    issuer: 'https://accounts.google.com',
    authorizationEndpoint: null,
    tokenEndpoint: 'https://oauth2.googleapis.com/token',
    clientId: 'client-example',
    registered: false,
    resource: null,
    grant: null,
    redirectUri: 'http://127.0.0.1:0',
    device: false,
    deviceAuthorizationEndpoint: null,
    scopes: ['openid', 'email'],
    pkce: true,
    authorizeParams: { access_type: 'offline' },
    account: null,
  };

  function planned(options: TerminalOptions) {
    const { io, written } = terminal(options);
    printPlan(PLAN, io);
    return written.stdout;
  }

  it('shows what would be requested', () => {
    expect(planned({})).toBe(`provider                Google (google)
issuer                  https://accounts.google.com
authorization endpoint  discovered from the issuer at login
token endpoint          https://oauth2.googleapis.com/token
client id               client-example
redirect URI            http://127.0.0.1:0
scopes                  openid
                        email
PKCE                    S256
also sent               access_type=offline
`);
  });

  it('prints a document with --json', () => {
    expect(JSON.parse(planned({ json: true }))).toEqual({
      provider: 'google',
      title: 'Google',
      issuer: 'https://accounts.google.com',
      authorization_endpoint: null,
      token_endpoint: 'https://oauth2.googleapis.com/token',
      client_id: 'client-example',
      registered: false,
      resource: null,
      grant: null,
      redirect_uri: 'http://127.0.0.1:0',
      device: false,
      device_authorization_endpoint: null,
      scopes: ['openid', 'email'],
      pkce: true,
      authorize_params: { access_type: 'offline' },
      account: null,
    });
  });
});
