import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Identity } from '../../../src/domain/account.js';
import { requireHintedUser } from '../../../src/services/login/login-identity.js';
import { type LoginTest, loginTest, REQUEST } from './login-test.js';

const ADA: Identity = { subject: 'demo-1815', email: 'ada@example.com', name: 'ada', details: {} };
const NAMELESS: Identity = { ...ADA, email: null, name: null };

const judged = (loginHint: string | null, identity: Identity, label: string | null = null) => {
  try {
    requireHintedUser({ ...REQUEST, loginHint }, identity, label === null ? null : { label });
    return 'welcome';
  } catch (failure) {
    return failure;
  }
};
const refused = expect.objectContaining({ code: 'wrong_person' });

describe('the user of --login-hint', () => {
  it.each<[string, string | null, Identity, string | null]>([
    ['whom nobody has named', null, ADA, null],
    ['whose address it is, in any case of letters', 'Ada@Example.com', ADA, null],
    ['whose name it is', 'ADA', ADA, null],
    ['whose subject it is', 'demo-1815', ADA, null],
    ['whose account is called so here', 'work@corp.example', ADA, 'work@corp.example'],
    [
      'whose address is a detail',
      'ada@example.com',
      { ...NAMELESS, details: { owner_email: 'ada@example.com' } },
      null,
    ],
    [
      'whose name is an address where there is no other',
      'ada@example.com',
      { ...NAMELESS, name: 'ada@example.com' },
      null,
    ],
    ['of whom the provider tells nothing', 'ada@example.com', NAMELESS, null],
    ['of whom it tells no address', 'ada@example.com', { ...NAMELESS, name: 'Ada' }, null],
  ])('is the one %s', (_, hint, identity, label) => {
    expect(judged(hint, identity, label)).toBe('welcome');
  });

  it.each<[string, string, Identity]>([
    ['with another address', 'ada@example.com', { ...ADA, email: 'grace@example.com' }],
    [
      'who has chosen the address as their name',
      'ada@example.com',
      { ...ADA, email: 'm@example.com', name: 'ada@example.com' },
    ],
    ['with another name', 'ada', { ...ADA, name: 'grace' }],
    [
      'with another address as a detail',
      'ada@example.com',
      { ...NAMELESS, details: { owner_email: 'm@example.com' } },
    ],
  ])('is not %s', (_, hint, identity) => {
    expect(judged(hint, identity)).toEqual(refused);
  });
});

describe('a login for a named user', () => {
  let stage: LoginTest;
  beforeEach(async () => {
    stage = await loginTest();
  });
  afterEach(() => stage.close());

  it('refuses another user, stores nothing, and says what to type', async () => {
    const login = stage.logIn({ loginHint: 'ada@example.com' }, { choice: { person: 'grace' } });
    await expect(login).rejects.toMatchObject({
      code: 'wrong_person',
      message: expect.stringContaining(
        'grace@example.com logged in instead of ada@example.com (--login-hint), so nothing was stored',
      ),
      hint: expect.stringMatching(/\nvault login demo --login-hint ada@example\.com\n.*\nvault login demo$/),
    });
    expect(await stage.vault.accounts()).toEqual([]);
    expect(stage.events.at(-1)).toMatchObject({ event: 'login_failed', code: 'wrong_person' });
  });

  it('refuses another user when logging in again, and changes nothing', async () => {
    const { account } = await stage.logIn();
    const before = await stage.account(account);
    const again = stage.logIn({ loginHint: account.label }, { choice: { person: 'grace' } });
    await expect(again).rejects.toMatchObject({ code: 'wrong_person' });
    expect(await stage.account(account)).toEqual(before);
    expect((await stage.logIn({ loginHint: account.label })).created).toBe(false);
  });
});
