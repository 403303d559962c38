import { describe, expect, it } from 'vitest';
import { login } from '../../src/commands/login.js';
import type { LoginPlan } from '../../src/services/contract.js';
import { type TerminalOptions, terminal } from '../doubles/terminal.js';
import { useCasesDouble } from '../doubles/use-cases.js';
import { inputOf } from './raw.js';

describe('vault login --dry-run', () => {
  const PLAN: LoginPlan = {
    provider: 'google',
    title: 'Google',
    issuer: 'https://accounts.google.com',
    authorizationEndpoint: null,
    tokenEndpoint: 'https://oauth2.googleapis.com/token',
    clientId: 'client-example',
    redirectUri: 'http://127.0.0.1:0',
    device: false,
    deviceAuthorizationEndpoint: null,
    scopes: ['openid', 'email'],
    pkce: true,
    authorizeParams: { access_type: 'offline' },
    account: null,
  };

  async function planned(options: TerminalOptions) {
    const { io, written } = terminal(options);
    await login.run(
      useCasesDouble({ planLogin: async () => PLAN }),
      await inputOf(login, 'google --dry-run'),
      io,
    );
    return written.stdout;
  }

  it('shows what would be asked for, and logs nobody in', async () => {
    expect(await planned({})).toBe(`provider                Google (google)
issuer                  https://accounts.google.com
authorization endpoint  asked of the issuer at login
token endpoint          https://oauth2.googleapis.com/token
client id               client-example
redirect URI            http://127.0.0.1:0
scopes                  openid
                        email
PKCE                    S256
also sent               access_type=offline
`);
  });

  it('is a document with --json', async () => {
    expect(JSON.parse(await planned({ json: true }))).toEqual({
      provider: 'google',
      title: 'Google',
      issuer: 'https://accounts.google.com',
      authorization_endpoint: null,
      token_endpoint: 'https://oauth2.googleapis.com/token',
      client_id: 'client-example',
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
