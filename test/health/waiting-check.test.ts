import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { storeAllWaiting } from '../../src/services/login/waiting-logins.js';
import { accountExample } from '../doubles/account.js';
import { leaveAnswer, leaveDamaged } from '../harness/leave-answer.js';
import { ALICE } from '../harness/test-context.js';
import { type HealthTest, healthTest } from './health-test.js';

let stage: HealthTest;
beforeEach(async () => {
  stage = await healthTest();
});
afterEach(() => stage.close());

const warnings = async () =>
  ((await stage.examine())['database'] ?? []).filter(({ status }) => status === 'warning');
const takeIn = () => storeAllWaiting({ ...stage.ctx, spill: stage.spill }, 0);
const FILE = () => join(stage.folder, 'spill', 'own.spill');

describe('a spilled answer', () => {
  it('is reported with the command that stores it, until that has run', async () => {
    await leaveAnswer(stage, await stage.add());
    expect(await warnings()).toMatchObject([
      {
        message:
          'an answer for demo/alice@example.com is kept beside the vault, because the vault could not be written when it arrived',
        remedy: 'vault refresh demo/alice@example.com',
        account: 'demo/alice@example.com',
      },
    ]);
    await takeIn();
    expect(await warnings()).toEqual([]);
  });

  it('is reported for a finished login without an account', async () => {
    const id = '00000000-0000-4000-8000-00000000000a';
    const { label, createdAt, lastRefreshAt, ...facts } = accountExample();
    const contents = {
      accessToken: new Secret('access-token-example'),
      refreshToken: null,
      identity: ALICE,
      idToken: null,
    };
    const consent = { at: 1, how: 'browser', askedScopes: [], grantedScopes: [] } as const;
    const login = { as: null, only: null, facts, contents, consent };
    const sealed = await stage.vault.sealLogin(id, login);
    stage.spill.reserve().write({ accountId: id, generation: null, sealed });
    expect(await warnings()).toMatchObject([
      {
        message: expect.stringContaining('a finished login is kept beside the vault'),
        remedy: 'vault refresh --all',
      },
    ]);
    await takeIn();
    expect(await warnings()).toEqual([]);
    expect(await stage.vault.accounts()).toHaveLength(1);
  });

  it('that does not open needs a login, and then its file can be removed', async () => {
    leaveDamaged(stage, await stage.add());
    expect(await warnings()).toMatchObject([
      {
        message: expect.stringContaining(
          `${FILE()} holds an answer for demo/alice@example.com that cannot be opened`,
        ),
        remedy: `vault login demo/alice@example.com\nwhile no other vault command is running:\nrm ${FILE()}`,
      },
    ]);
    await takeIn();
    expect(await warnings()).toHaveLength(1);
  });

  it('of a missing account has a file that can be removed after the others', async () => {
    const gone = await stage.add({ label: 'gone' }, { identity: { ...ALICE, subject: 'gone' } });
    await leaveAnswer(stage, gone);
    await stage.vault.remove(gone.id);
    await leaveAnswer(stage, await stage.add());
    const [orphan] = await warnings();
    expect(orphan?.message).toContain(`${FILE()} holds an answer for an account that is not in this vault`);
    expect(orphan?.remedy).toBe(
      `vault refresh demo/alice@example.com\nwhile no other vault command is running:\nrm ${FILE()}`,
    );
  });
});
