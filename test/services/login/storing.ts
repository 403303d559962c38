import { Secret } from '../../../src/domain/secret.js';
import {
  type FinishedLogin,
  type ReservedDeps,
  type StoredLogin,
  storeLogin,
} from '../../../src/services/login/login-store.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { granted } from '../../doubles/token-answers.js';
import { uninterrupted } from '../refresh/refreshing.js';
import { ALICE, type VaultStage } from '../stage.js';
import { REQUEST } from './logging-in.js';

export const ANSWER = {
  access_token: 'access-token-new',
  refresh_token: 'refresh-token-new',
  expires_in: 60,
};
export const WITHOUT_REFRESH = granted({ ...ANSWER, refresh_token: undefined });

/** Stores a login of Alice's that is finished. */
export function storing(stage: VaultStage) {
  return (
    change: Partial<FinishedLogin> = {},
    vault: Vault = stage.vault,
    over: Partial<ReservedDeps> = {},
  ): Promise<StoredLogin> => {
    const { locks, spill } = stage;
    const deps = { locks, spill, interruption: uninterrupted(), onHeld: () => undefined };
    const login: FinishedLogin = {
      provider: 'demo',
      as: null,
      request: REQUEST,
      only: null,
      identity: ALICE,
      issuer: 'https://issuer.example',
      tokenEndpoint: 'https://issuer.example/token',
      clientId: 'client-example',
      askedScopes: ['openid'],
      grantedScopes: ['openid'],
      missingScopes: [],
      answer: granted(ANSWER),
      accessToken: new Secret('access-token-new'),
      at: NOW,
      how: 'browser',
      ...change,
    };
    return storeLogin(vault, { ...deps, slot: spill.reserve(), ...over }, login);
  };
}
