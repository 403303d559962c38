import { Secret } from '../../../src/domain/secret.js';
import { unstoredLogin } from '../../../src/services/login/login-finish.js';
import { type ReservedDeps, type StoredLogin, storeLogin } from '../../../src/services/login/login-store.js';
import type { Vault } from '../../../src/vault/vault.js';
import { plainClient } from '../../doubles/provider-bits.js';
import { NOW } from '../../doubles/terminal.js';
import { granted } from '../../doubles/token-answers.js';
import { ALICE, type TestContext } from '../../harness/test-context.js';
import { REQUEST } from './login-test.js';

export const ANSWER = {
  access_token: 'access-token-new',
  refresh_token: 'refresh-token-new',
  expires_in: 60,
};
export const WITHOUT_REFRESH = granted({ ...ANSWER, refresh_token: undefined });

const ALICES = {
  provider: 'demo',
  as: null as string | null,
  identity: ALICE,
  issuer: 'https://issuer.example',
  tokenEndpoint: 'https://issuer.example/token',
  clientId: 'client-example',
  answer: granted(ANSWER),
  at: NOW,
  scopes: ['openid'],
};

/** Stores a login of Alice's that is finished. */
export function storing({ ctx, vault: own, spill }: TestContext) {
  const deps = { ...ctx, spill, onHeld: () => undefined };
  return (
    change: Partial<typeof ALICES> = {},
    vault: Vault = own,
    over: Partial<ReservedDeps> = {},
  ): Promise<StoredLogin> => {
    const {
      provider: name,
      as,
      identity,
      issuer,
      tokenEndpoint,
      clientId,
      scopes,
      ...rest
    } = { ...ALICES, ...change };
    const request = { ...REQUEST, as };
    const redeemed = {
      provider: { ...plainClient.provider, scopeAliases: {}, scopesNotEchoed: [], name, clientId },
      server: { tokenEndpoint },
      target: { request, scopes, params: {}, only: null },
      how: 'browser',
      ...rest,
    } as unknown as Parameters<typeof unstoredLogin>[0];
    const accessToken = new Secret('access-token-new');
    const login = unstoredLogin(redeemed, { identity, issuer, idToken: null, accessToken });
    return storeLogin(vault, { ...deps, slot: deps.spill.reserve(), ...over }, login, request);
  };
}
