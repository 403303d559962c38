import { copyFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Account, accountName } from '../../../src/domain/account.js';
import { HOUR } from '../../../src/domain/duration.js';
import { VaultError } from '../../../src/domain/errors.js';
import { acceptRollback, conditionOf } from '../../../src/services/integrity/integrity.js';
import { refreshAll } from '../../../src/services/refresh/refresh-all.js';
import { selectAccount } from '../../../src/services/select-account.js';
import { ensureValid } from '../../../src/services/token/token.js';
import type { SealedAccount } from '../../../src/stores/contract.js';
import type { Vault } from '../../../src/vault/vault.js';
import { NOW } from '../../doubles/terminal.js';
import { inTurn, renewed } from '../../doubles/token-endpoint.js';
import { tamper } from '../../harness/tamper.js';
import { ALICE } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from '../refresh/refresh-test.js';

let stage: RefreshTest;
let account: SealedAccount;
beforeEach(async () => {
  stage = await refreshTest(inTurn(renewed(), renewed(), renewed()));
  account = await stage.addExpired();
});
afterEach(() => stage.close());

/** Refreshes, then puts the database back as it was before. */
async function rollBack(): Promise<void> {
  const copy = `${stage.paths.database}.copy`;
  copyFileSync(stage.paths.database, copy);
  await stage.refresh(account);
  copyFileSync(copy, stage.paths.database);
}

const edit = (sql: string) => tamper(stage.paths.database, sql);

const opening = async () => stage.vault;
const codeOf = (attempt: Promise<unknown>) => attempt.catch((failure: VaultError) => failure.code);

describe('a vault that was rolled back', () => {
  it('sends nothing, and writes no intent', async () => {
    await rollBack();
    expect(await codeOf(stage.refresh(account))).toBe('vault_rolled_back');
    expect(stage.sent()).toHaveLength(1);
    expect(await stage.intentOf(account)).toBeNull();
  });

  it('ends a bulk run with one error, not one for each account', async () => {
    for (const label of ['b', 'c']) {
      await stage.addExpired({ label }, { identity: { ...ALICE, subject: label } });
    }
    await rollBack();
    const request = { selectors: [], all: true, provider: null, within: 0, force: false, dryRun: false };
    const deps = { ...stage.ctx, refresh: (vault: Vault, of: Account) => stage.refresh(of, { vault }) };
    const run = refreshAll(deps, { ...request, concurrency: 1 }, () => {});
    expect(await codeOf(run)).toBe('vault_rolled_back');
    expect(stage.sent()).toHaveLength(1);
  });

  it('still returns a valid token, with a warning when it is due', async () => {
    const fresh = await stage.add(
      {
        label: 'bob',
        issuedAt: NOW - HOUR,
        issuer: stage.server.url,
        tokenEndpoint: `${stage.server.url}/token`,
      },
      { identity: { ...ALICE, subject: 'bob' } },
    );
    await rollBack();
    const request = { selector: 'demo/bob', scopes: [], refresh: false, withIdentity: false };
    const deps = { ...stage.ctx, refresh: () => stage.refresh(fresh) };
    const given = await ensureValid(deps, { ...request, minValid: 1_000 });
    expect([given.accessToken.reveal(), given.warning]).toEqual(['access-token-example', null]);
    const short = await ensureValid(deps, { ...request, minValid: 7_200_000 });
    expect(short.accessToken.reveal()).toBe('access-token-example');
    expect(short.warning).toMatch(/older copy.*vault doctor --accept-rollback/);
    expect(stage.sent()).toHaveLength(1);
  });

  it('refreshes again once the user has accepted it, which is recorded once', async () => {
    await rollBack();
    const deps = { vault: opening, audit: stage.audit };
    expect(await conditionOf(deps)).toMatchObject({ standing: 'rolled_back', rowSet: null, epoch: 2 });
    expect(await acceptRollback(deps)).toMatchObject({ standing: 'rolled_back' });
    expect(stage.events.at(-1)).toEqual({ event: 'rollback_accepted', found: ['rolled_back'] });
    expect(await stage.refresh(account)).toMatchObject({ kind: 'refreshed' });
    const events = stage.events.length;
    const again = await acceptRollback(deps);
    expect(again?.troubles).toEqual([]);
    expect(stage.events).toHaveLength(events);
  });
});

describe('the rows of a vault', () => {
  it('must be those stored last: nothing is sent for a restored one', async () => {
    const aside = `ATTACH '${stage.paths.database}.aside' AS aside`;
    edit(`${aside}; CREATE TABLE aside.kept AS SELECT * FROM accounts`);
    await stage.refresh(account);
    edit(`${aside}; INSERT OR REPLACE INTO accounts SELECT * FROM aside.kept`);
    const seen = await stage.account(account);
    const refused = stage.refresh(seen, { vault: await stage.another() });
    await expect(refused).rejects.toMatchObject({ code: 'vault_damaged', details: { row_set: 'older' } });
    expect(stage.sent()).toHaveLength(1);
  });

  it('must all exist before an account is reported missing', async () => {
    edit('DELETE FROM accounts');
    for (const selector of [null, 'demo', 'demo/alice@example.com']) {
      await expect(selectAccount(stage.ctx, stage.vault, selector, 'token')).rejects.toMatchObject({
        code: 'vault_damaged',
        message: expect.stringContaining('1 account is missing'),
        hint: expect.stringContaining('vault doctor --accept-rollback'),
      });
    }
  });

  it('cannot be checked without a key, and the error says so', async () => {
    const unlock = async () => {
      throw new VaultError('key_timed_out', 'the keychain did not answer', { hint: 'unlock it' });
    };
    const vault = await stage.another({ unlock });
    await expect(selectAccount(stage.ctx, vault, 'nobody', 'token')).rejects.toMatchObject({
      code: 'account_not_found',
      message: expect.stringMatching(/^there is no account nobody; could not check whether/),
      hint: 'vault list',
      cause: { code: 'key_timed_out' },
    });
    expect(accountName(await selectAccount(stage.ctx, vault, 'demo', 'token'))).toBe(
      'demo/alice@example.com',
    );
  });

  it('that are complete allow reporting that an account does not exist', async () => {
    await expect(selectAccount(stage.ctx, stage.vault, 'nobody', 'token')).rejects.toMatchObject({
      code: 'account_not_found',
      message: 'there is no account nobody',
    });
  });

  it('are not checked if there is no vault', async () => {
    const deps = { vault: async () => null, audit: stage.audit };
    expect([await conditionOf(deps), await acceptRollback(deps)]).toEqual([null, null]);
  });
});

describe('an altered fact', () => {
  it('is not trusted: no missing scopes are reported from it', async () => {
    edit("UPDATE accounts SET granted_scopes = 'openid'");
    const deps = { ...stage.ctx, refresh: () => stage.refresh(account) };
    const request = { selector: 'demo', minValid: 0, refresh: false, withIdentity: false };
    expect(await codeOf(ensureValid(deps, { ...request, scopes: ['email'] }))).toBe('vault_damaged');
  });

  it.each(['issuer', 'client_id', 'token_endpoint'])(
    'is not trusted: no changed configuration is reported from it: %s',
    async (column) => {
      edit(`UPDATE accounts SET ${column} = 'https://evil.example'`);
      expect(await codeOf(stage.refresh(await stage.account(account)))).toBe('vault_damaged');
      expect(stage.sent()).toEqual([]);
    },
  );
});
