import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ConsentChoice, walkDevice } from '../../../src/demo/consent-walk.js';
import type { DemoOptions } from '../../../src/demo/contract.js';
import { MINUTE, SECOND } from '../../../src/domain/duration.js';
import { formatDuration } from '../../../src/domain/duration-text.js';
import { VaultError } from '../../../src/domain/errors.js';
import type { LoginRequest } from '../../../src/services/login/login-request.js';
import { browserNever } from '../../doubles/browser.js';
import { htmlPage, oauthRefusal, refusedConnection, serverError } from '../../doubles/demo-faults.js';
import { NOW } from '../../doubles/terminal.js';
import { type LoginTest, loginTest, type Over } from './login-test.js';

let stage: LoginTest;
beforeEach(() => open());
afterEach(() => stage.close());

async function open(options: DemoOptions = {}): Promise<void> {
  stage = await loginTest(options);
}

interface Person {
  /** Before which poll the person answers; null: never. */
  readonly before?: number | null;
  readonly choice?: ConsentChoice;
}

/** A login with `--device`, in which the person types the code elsewhere. */
function logIn(request: Partial<LoginRequest> = {}, { before = 1, choice }: Person = {}, over: Over = {}) {
  let pauses = 0;
  stage.clock.onSleep = async () => {
    pauses += 1;
    if (pauses !== before) return;
    const { verificationUri, userCode } = code();
    await walkDevice(verificationUri, userCode, choice);
  };
  const asked = { device: true, timeout: 10 * MINUTE, ...request };
  return stage.logIn(asked, { browser: browserNever, ...over });
}

function code() {
  const event = stage.told.findLast((each) => each.kind === 'device_code');
  if (event?.kind !== 'device_code') throw new Error('no code was told');
  return event;
}

const events = (kind: string) => stage.demo.log.filter((event) => event.kind === kind).length;

describe('a login by device code', () => {
  it('stores what a login in the browser stores, and records its kind', async () => {
    const { account, created, identity } = await logIn({}, { before: 3 });
    expect(created).toBe(true);
    expect(identity).toMatchObject({ subject: 'demo-1815', email: 'ada@example.com', name: 'Ada Lovelace' });
    expect(await stage.account(account)).toMatchObject({
      label: 'ada@example.com',
      issuer: stage.demo.issuer,
      status: 'active',
      grantedScopes: ['openid', 'profile', 'email', 'offline_access'],
      hasRefreshToken: true,
      issuedAt: NOW + 15 * SECOND,
    });
    expect(await stage.vault.consents(account.id)).toMatchObject([
      { how: 'device', askedScopes: ['openid', 'profile', 'email', 'offline_access'] },
    ]);
    expect(stage.events).toMatchObject([
      { event: 'login_started', provider: 'demo' },
      { event: 'login_finished', provider: 'demo', account: account.id, created: true },
    ]);
  });

  it('prints the code and the address, then that it waits', async () => {
    await logIn({}, { before: 2 });
    expect(stage.told).toEqual([
      {
        kind: 'device_code',
        userCode: expect.stringMatching(/^[B-Z]{4}-[B-Z]{4}$/),
        verificationUri: stage.demo.endpoints.device,
        verificationUriComplete: `${stage.demo.endpoints.device}?user_code=${code().userCode}`,
        endsAt: NOW + 10 * MINUTE,
      },
      { kind: 'device_wait', state: 'pending', endsAt: NOW + 10 * MINUTE },
    ]);
  });

  it('is never polled faster than the server allows, or than the default', async () => {
    stage.demo.knobs.deviceInterval = null;
    await logIn({}, { before: 4 });
    expect(stage.clock.slept).toEqual([5, 5, 5, 5].map((seconds) => seconds * SECOND));
    expect(events('polled_too_fast')).toBe(0);
  });

  it.each([
    ['Google', { pendingStatus: 428, slowDownStatus: 403 }],
    ['GitHub', { pendingStatus: 200, slowDownStatus: 200 }],
  ])('reads the statuses of %s', async (_, knobs) => {
    Object.assign(stage.demo.knobs, knobs, { devicePendings: 2 });
    stage.demo.next('token', oauthRefusal('slow_down', knobs.slowDownStatus));
    expect((await logIn()).created).toBe(true);
    expect(stage.clock.slept).toEqual([5, 10, 10, 10].map((seconds) => seconds * SECOND));
  });

  it.each(['none', 'post', 'basic', 'basic-raw'] as const)(
    'works with the client authentication %s',
    async (clientAuth) => {
      await stage.close();
      await open({ clientAuth });
      if (clientAuth !== 'none') stage.settings['clientAuth'] = clientAuth;
      expect((await logIn()).created).toBe(true);
    },
  );

  it('works at a plain OAuth server whose endpoint is configured', async () => {
    await stage.close();
    await open({ plain: true });
    stage.settings['deviceAuthorizationEndpoint'] = stage.demo.endpoints.deviceAuthorization;
    const { account } = await logIn({ as: 'work' });
    expect(account).toMatchObject({ label: 'work', grantedScopes: ['email', 'notes.read'] });
  });

  it('of a known user updates the account, and reports what was not granted', async () => {
    const first = await logIn();
    const { account, created, missingScopes } = await logIn({}, { choice: { without: ['profile'] } });
    expect([created, account.id, missingScopes]).toEqual([false, first.account.id, ['profile']]);
  });

  it('does not give a name to a user if another user has it', async () => {
    await logIn({ as: 'work' });
    await expect(logIn({ as: 'work' }, { choice: { person: 'grace' } })).rejects.toMatchObject({
      code: 'account_name_taken',
    });
    expect(await stage.vault.accounts()).toHaveLength(1);
  });

  it('continues after a failed network and a provider error', async () => {
    stage.demo.next('token', refusedConnection);
    stage.demo.next('token', serverError(503));
    expect((await logIn()).created).toBe(true);
    expect(stage.told.slice(1)).toMatchObject([{ state: 'unclear' }, { state: 'unclear' }]);
  });

  it('checks the id_token, which must contain no nonce', async () => {
    stage.demo.knobs.answerMembers = { id_token: 'aa.bb.cc' };
    await expect(logIn()).rejects.toMatchObject({ code: 'provider_answer_invalid' });
    expect(await stage.vault.accounts()).toEqual([]);
  });
});

describe('a failed login by device code', () => {
  afterEach(async () => {
    expect(await stage.vault.accounts()).toEqual([]);
  });
  const failed = (codeOf: string) => ({ event: 'login_failed', provider: 'demo', code: codeOf });

  it('is refused if the user says no', async () => {
    await expect(logIn({ as: 'work' }, { choice: { deny: true } })).rejects.toMatchObject({
      code: 'login_refused',
      message: 'the login was declined at demo (access_denied: the user refused)',
      hint: 'vault login demo --as work --device',
    });
    expect(stage.events.at(-1)).toEqual(failed('login_refused'));
  });

  it.each([
    ['the time given is over', { timeout: MINUTE }, 600, MINUTE],
    ['the code has ended', {}, 120, 2 * MINUTE],
  ])('reports how long it waited if %s', async (_, request, lifetime, after) => {
    stage.demo.knobs.deviceLifetime = lifetime;
    await expect(logIn(request, { before: null })).rejects.toMatchObject({
      code: 'login_timed_out',
      message: `the login at demo was not finished within ${formatDuration(after)}`,
      hint: 'for a new code: vault login demo --device',
    });
    expect(stage.clock.now()).toBe(NOW + after);
    expect(stage.events.at(-1)).toEqual(failed('login_timed_out'));
  });

  it('reports a code that the provider ended early', async () => {
    stage.demo.next('token', oauthRefusal('expired_token'));
    await expect(logIn({}, { before: null })).rejects.toMatchObject({
      code: 'login_timed_out',
      message: 'the login at demo was not finished within 5s',
    });
  });

  it('reports an unknown result if the last poll failed', async () => {
    stage.demo.next('token', refusedConnection, 1_000);
    await expect(logIn({ timeout: MINUTE }, { before: null })).rejects.toMatchObject({
      code: 'network_failed',
      message: expect.stringMatching(/so it is not known whether the login was finished$/),
      hint: 'vault login demo --device',
    });
  });

  it('returns the reason of an interruption', async () => {
    const controller = new AbortController();
    const stop = new VaultError('interrupted', 'interrupted');
    const login = logIn({}, { before: null }, { interruption: controller.signal });
    stage.clock.onSleep = () => controller.abort(stop);
    await expect(login).rejects.toBe(stop);
    expect(stage.events.at(-1)).toEqual(failed('interrupted'));
  });

  it.each([
    ['refuses the client', oauthRefusal('invalid_client', 401), 'client_refused'],
    ['refuses the scope', oauthRefusal('invalid_scope'), 'client_refused'],
    ['does not allow it to this client', oauthRefusal('device_flow_disabled', 200), 'client_refused'],
    ['is in trouble', serverError(503), 'provider_unavailable'],
    ['has no such page', htmlPage(404), 'client_refused'],
    ['cannot be reached', refusedConnection, 'network_failed'],
  ] as const)('because the provider %s says so before any code is shown', async (_, fault, error) => {
    stage.demo.next('deviceAuthorization', fault);
    await expect(logIn()).rejects.toMatchObject({ code: error, hint: expect.any(String) });
    expect(stage.told).toEqual([]);
    expect(stage.events.at(-1)).toEqual(failed(error));
  });

  it('is refused if the answer contains no code', async () => {
    stage.demo.knobs.deviceMembers = { user_code: undefined };
    await expect(logIn()).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: 'demo did not begin a device login: the answer has no usable code to type',
      hint: 'vault login demo --paste',
    });
  });

  it('is refused if the token is unusable', async () => {
    stage.demo.knobs.answerMembers = { access_token: 'with a\nline break' };
    await expect(logIn()).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      hint: 'vault login demo --device',
    });
  });

  it('sends nothing if the provider has no device login', async () => {
    await stage.close();
    await open({ plain: true });
    await expect(logIn({ as: 'work', scopes: ['notes.read'] })).rejects.toMatchObject({
      code: 'usage',
      message: 'demo has no device login',
      hint: 'vault login demo --as work --scope notes.read --paste\nopen the URL that it prints on any machine',
    });
    expect(stage.demo.requests.deviceAuthorization).toBe(0);
    expect(stage.events).toEqual([]);
  });
});
