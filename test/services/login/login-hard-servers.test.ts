import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { walkDevice } from '../../../src/demo/consent-walk.js';
import { MINUTE } from '../../../src/domain/duration.js';
import type { LoginRequest } from '../../../src/services/login/login-request.js';
import { browserNever } from '../../doubles/browser.js';
import { oauthRefusal } from '../../doubles/demo-faults.js';
import { type LoginTest, loginTest } from './login-test.js';

let stage: LoginTest;
beforeEach(async () => {
  stage = await loginTest();
});
afterEach(() => stage.close());

/** The server's metadata, with these members put over it. */
async function announcing(members: Readonly<Record<string, unknown>>): Promise<void> {
  const metadata = (await (await fetch(stage.demo.endpoints.metadata)).json()) as object;
  const body = JSON.stringify({ ...metadata, ...members });
  stage.demo.next('metadata', {
    when: 'before',
    send: { status: 200, headers: { 'content-type': 'application/json' }, body },
  });
}

/** A login with `--device`, in which the person types the code elsewhere at once. */
function onDevice(request: Partial<LoginRequest> = {}) {
  stage.clock.onSleep = async () => {
    const event = stage.told.findLast((each) => each.kind === 'device_code');
    if (event?.kind === 'device_code') await walkDevice(event.verificationUri, event.userCode, {});
  };
  return stage.logIn({ device: true, timeout: 10 * MINUTE, ...request }, { browser: browserNever });
}

describe('a login that cannot begin', () => {
  it('fails before a browser opens if pushed requests are required and go nowhere', async () => {
    await announcing({ require_pushed_authorization_requests: true });
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message:
        'demo requires pushed authorization requests (PAR, RFC 9126), and its metadata does not say where to send them',
    });
  });

  it('fails before a browser opens if the pushed request is refused', async () => {
    await announcing({
      require_pushed_authorization_requests: true,
      pushed_authorization_request_endpoint: stage.demo.endpoints.token,
    });
    stage.demo.next('token', oauthRefusal('invalid_request', 400));
    await expect(stage.logIn({}, { browser: browserNever })).rejects.toMatchObject({
      code: 'client_refused',
    });
  });
});

describe('a token endpoint with unsupported requirements', () => {
  it.each([
    ['invalid_grant', 'login_refused'],
    ['invalid_dpop_proof', 'client_refused'],
  ])('is reported if it binds tokens to a key: %s', async (error, code) => {
    await announcing({ dpop_signing_alg_values_supported: ['ES256'] });
    stage.demo.next('token', oauthRefusal(error));
    await expect(stage.logIn()).rejects.toMatchObject({
      code,
      hint: expect.stringMatching(/dpop_bound_access_tokens, turn that off: vault does not support DPoP/),
    });
  });

  it('causes a hint at other authentication methods if it does not know the secret', async () => {
    stage.settings['clientSecret'] = 'client-secret-example';
    stage.demo.next('token', oauthRefusal('invalid_client', 401));
    await expect(stage.logIn()).rejects.toMatchObject({
      code: 'client_refused',
      hint: expect.stringMatching(
        /another form than basic: vault config set providers\.demo\.clientAuth basic-raw\nor: vault config set providers\.demo\.clientAuth post\nif the client has no secret: vault setup demo --no-client-secret$/,
      ),
    });
  });
});

describe('a device login at a server that sends no id_token in it', () => {
  it('uses the userinfo endpoint of the metadata', async () => {
    stage.demo.knobs.omitMembers = ['id_token'];
    const { account } = await onDevice();
    expect(account).toMatchObject({ label: 'ada@example.com', issuer: stage.demo.issuer });
    expect(stage.demo.requests.userinfo).toBe(1);
  });

  it('names what to configure if nothing identifies the user, and that works', async () => {
    const { authorize, token, deviceAuthorization, revoke } = stage.demo.endpoints;
    Object.assign(stage.settings, {
      authorizationEndpoint: authorize,
      tokenEndpoint: token,
      deviceAuthorizationEndpoint: deviceAuthorization,
      revocationEndpoint: revoke,
    });
    stage.demo.knobs.omitMembers = ['id_token'];
    await expect(onDevice({ as: 'dev' })).rejects.toMatchObject({
      code: 'provider_answer_invalid',
      message: expect.stringMatching(
        /^demo did not identify the user: the scope openid was requested, but no id_token came, and no userinfo endpoint is known; .* was revoked at demo$/,
      ),
      hint: 'set providers.demo.userinfoEndpoint in config.json, if there is one\nor add "identity": {"from": "none"} to providers.demo in config.json, and name the account with --as NAME',
    });
    stage.settings['identity'] = { from: 'none' };
    expect((await onDevice({ as: 'dev' })).account.label).toBe('dev');
  });
});
