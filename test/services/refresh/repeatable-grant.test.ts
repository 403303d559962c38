import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HOUR } from '../../../src/domain/duration.js';
import { repeating } from '../../../src/domain/repeatable-grant.js';
import type { Answer } from '../../doubles/local-server.js';
import { NOW } from '../../doubles/terminal.js';
import { dropped, oauthError, renewed } from '../../doubles/token-endpoint.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
let answers: Answer[];
beforeEach(async () => {
  answers = [];
  stage = await refreshTest((response, request) => answers.shift()?.(response, request));
  const { tokenEndpoint, issuer } = stage.settings;
  for (const field of Object.keys(stage.settings)) delete stage.settings[field];
  Object.assign(stage.settings, { grant: 'client_credentials', title: 'Demo', issuer, tokenEndpoint });
  Object.assign(stage.settings, { clientId: 'client-example', clientSecret: 'a-secret', audience: 'api' });
});
afterEach(() => stage.close());

const MARK = { refreshToken: repeating({ grant: 'client_credentials', from: null }) };

describe('an account that is renewed by repeating its grant', () => {
  it('is renewed with scopes and audience, and stays repeatable', async () => {
    answers = [renewed()];
    const account = await stage.addExpired({ askedScopes: ['a', 'b'] }, MARK);
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refreshed' });
    const [{ body = '' } = {}] = stage.server.received;
    expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
      grant_type: 'client_credentials',
      scope: 'a b',
      audience: 'api',
    });
    expect(await stage.tokens(account)).toEqual({
      access: 'access-token-renewed',
      refresh: MARK.refreshToken.reveal(),
    });
  });

  it('leaves nothing open when its answer is lost, and is asked for again', async () => {
    answers = [dropped, dropped, renewed()];
    const account = await stage.add(
      { ...ISSUED, issuer: stage.server.url, tokenEndpoint: `${stage.server.url}/token` },
      MARK,
    );
    const lost = await stage.refresh(account);
    expect(lost).toMatchObject({
      kind: 'transient',
      error: { hint: expect.stringContaining('nothing is lost') },
    });
    expect(await stage.intentOf(account)).toBeNull();
    expect(await stage.refresh(await stage.account(account))).toMatchObject({ kind: 'refreshed' });
    expect(stage.server.received).toHaveLength(3);
  });

  it.each(['invalid_grant', 'invalid_client', 'unauthorized_client'])(
    'needs no login when the server says %s',
    async (error) => {
      answers = [oauthError(error)];
      const account = await stage.addExpired({}, MARK);
      const { kind, error: refused } = (await stage.refresh(account)) as { kind: string; error: Error };
      expect(kind).toBe('refused');
      expect(refused).toMatchObject({
        code: 'client_refused',
        hint: expect.not.stringContaining('vault login'),
      });
      expect(await stage.account(account)).not.toMatchObject({ status: 'login_needed' });
    },
  );

  it('never sends what a user was granted', async () => {
    const account = await stage.addExpired();
    await expect(stage.refresh(account)).rejects.toMatchObject({ code: 'binding_changed' });
    expect(stage.server.received).toEqual([]);
  });
});

/** Its token still works. */
const ISSUED = { issuedAt: NOW, expiresAt: NOW + HOUR };
