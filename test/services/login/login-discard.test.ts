import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import { serverError } from '../../doubles/demo-faults.js';
import { type LoginTest, loginTest, type Over } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

const GRACE: Over = { choice: { person: 'grace' } };
const WIDEN = { addScopes: ['notes.read'], as: 'ada@example.com' };

async function failing(login: Promise<unknown>): Promise<VaultError> {
  const failure = await login.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (failure instanceof VaultError) return failure;
  throw new Error('the login should have failed');
}

/** What the server has revoked, and what the trail says of it. */
function ends() {
  const revoked = stage.demo.log.filter(({ kind }) => kind === 'revoked').length;
  return { revoked, trail: stage.events.filter(({ event }) => event === 'grant_discarded') };
}
const trailOf = (outcome: string) => [{ event: 'grant_discarded', provider: 'demo', outcome }];

describe('the grant of a login that is not stored', () => {
  it('is revoked if a user other than the expected one logged in', async () => {
    await stage.logIn();
    const failure = await failing(stage.logIn(WIDEN, GRACE));
    expect(failure).toMatchObject({ code: 'wrong_person', hint: expect.stringContaining('log in again') });
    expect(failure.message).toMatch(/so nothing was stored; the new grant was revoked at demo$/);
    expect(ends()).toEqual({ revoked: 1, trail: trailOf('revoked') });
    expect(stage.events.at(-1)).toMatchObject({ event: 'login_failed', code: 'wrong_person' });
  });

  it('is not revoked if that user has an account here, which might end too', async () => {
    await stage.logIn();
    const grace = await stage.logIn({}, GRACE);
    const { message } = await failing(stage.logIn(WIDEN, GRACE));
    expect(message).toMatch(/was not revoked, because demo\/grace@example\.com may share it$/);
    expect(ends()).toEqual({ revoked: 0, trail: trailOf('shared') });
    expect(await stage.account(grace.account)).toMatchObject({ status: 'active' });
  });

  it('is not revoked if the user has an account of another entry at the same server', async () => {
    const tokenEndpoint = stage.demo.endpoints.token;
    await stage.logIn();
    await stage.add(
      { provider: 'other', label: 'channel', tokenEndpoint },
      { identity: nameless('channel-1') },
    );
    const { message } = await failing(stage.logIn(WIDEN, GRACE));
    expect(message).toMatch(/because other\/channel may share it$/);
    expect(ends().revoked).toBe(0);
  });

  it('is revoked if its name belongs to another user', async () => {
    await stage.logIn({ as: 'work' });
    const failure = await failing(stage.logIn({ as: 'work' }, GRACE));
    expect(failure).toMatchObject({ code: 'account_name_taken' });
    expect(failure.message).toMatch(/was revoked at demo$/);
    expect(ends().revoked).toBe(1);
  });

  it('is revoked if its id_token is not accepted', async () => {
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    const failure = await failing(stage.logIn());
    expect(failure).toMatchObject({ code: 'provider_answer_invalid', hint: 'vault login demo' });
    expect(failure.message).toMatch(/was revoked at demo$/);
    expect(ends()).toEqual({ revoked: 1, trail: trailOf('revoked') });
  });

  it('is not revoked if its unknown user may have an account here', async () => {
    await stage.logIn();
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    const { message } = await failing(stage.logIn());
    expect(message).toMatch(/was not revoked, because demo\/ada@example\.com may share it$/);
    expect(ends()).toEqual({ revoked: 0, trail: trailOf('shared') });
  });

  it('is revoked if the answer had no access token', async () => {
    stage.demo.knobs.omitMembers = ['access_token'];
    const failure = await failing(stage.logIn());
    expect(failure.message).toMatch(/sent no usable access token; .* was revoked at demo$/);
    expect(ends().revoked).toBe(1);
  });

  it('is not revoked if the login is interrupted while it waits: it is kept', async () => {
    await stage.logIn();
    const acquire = () => Promise.reject(new VaultError('interrupted', 'interrupted'));
    const locks = { ...stage.locks, acquire };
    const failure = await failing(stage.logIn({}, { locks }));
    expect(failure).toMatchObject({ code: 'interrupted', details: { waiting: true } });
    expect(ends().revoked).toBe(0);
    expect(stage.spill.all()).toHaveLength(1);
  });

  it('is reported as remaining if it could not be revoked, with where to remove it', async () => {
    stage.settings['manageUrl'] = 'https://issuer.example/apps';
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    stage.demo.next('revoke', serverError(503));
    const { message } = await failing(stage.logIn());
    expect(message).toMatch(
      /could not be revoked \(.* answered with status 503\): remove it at https:\/\/issuer\.example\/apps$/,
    );
    expect(ends()).toEqual({ revoked: 0, trail: trailOf('failed') });
  });

  it('is reported as remaining if the provider does not support revocation', async () => {
    stage.settings['revocation'] = 'none';
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    const { message } = await failing(stage.logIn());
    expect(message).toMatch(/because demo does not support revocation: remove it at demo$/);
    expect(ends()).toEqual({ revoked: 0, trail: trailOf('unsupported') });
  });

  it('is sent only to the server from which it came', async () => {
    const { authorize, token, userinfo } = stage.demo.endpoints;
    Object.assign(stage.settings, {
      authorizationEndpoint: authorize,
      tokenEndpoint: token,
      userinfoEndpoint: userinfo,
      revocationEndpoint: 'https://other.example/revoke',
    });
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    const { message } = await failing(stage.logIn());
    expect(message).toMatch(/could not be revoked \(the configured revocation endpoint is on another/);
    expect(ends()).toEqual({ revoked: 0, trail: trailOf('failed') });
  });

  it('is kept if the login is stored', async () => {
    await stage.logIn();
    expect(ends()).toEqual({ revoked: 0, trail: [] });
  });
});

function nameless(subject: string) {
  return { subject, email: null, name: null, details: {} };
}
