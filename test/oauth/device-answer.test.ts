import { describe, expect, it } from 'vitest';
import { Secret } from '../../src/domain/secret.js';
import { type DeviceAuthorization, readDeviceAnswer } from '../../src/oauth/device.js';
import { NO_FACTS } from '../doubles/token-answers.js';

const NOW = Date.parse('2026-11-20T12:00:00Z');

function read(body: unknown, status = 200, sent: readonly Secret[] = []) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return readDeviceAnswer({ status, headers: {}, body: text }, NO_FACTS, NOW, sent);
}

/** As RFC 8628 §3.2 has it. */
const STANDARD = {
  device_code: 'device-code-example',
  user_code: 'WDJB-MJHT',
  verification_uri: 'https://issuer.example/device',
  verification_uri_complete: 'https://issuer.example/device?user_code=WDJB-MJHT',
  expires_in: 1_800,
  interval: 5,
};

function authorized(changes: Readonly<Record<string, unknown>> = {}): DeviceAuthorization {
  const answer = read({ ...STANDARD, ...changes });
  if (answer.kind !== 'authorized') throw new Error(`${answer.kind}`);
  return answer;
}

describe('the answer of a device authorization endpoint', () => {
  it('is read completely, with the device code wrapped', () => {
    const { deviceCode, ...rest } = authorized();
    expect(deviceCode.reveal()).toBe('device-code-example');
    expect(rest).toEqual({
      kind: 'authorized',
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://issuer.example/device',
      verificationUriComplete: 'https://issuer.example/device?user_code=WDJB-MJHT',
      expiresIn: 1_800,
      interval: 5,
    });
  });

  it('is read as Google sends it', () => {
    const google = {
      device_code: 'AH-1Ng-device-code-example',
      user_code: 'GQVQ-JKEC',
      verification_url: 'https://www.google.com/device',
      expires_in: 1_800,
      interval: 5,
    };
    expect(read(google)).toMatchObject({
      userCode: 'GQVQ-JKEC',
      verificationUri: 'https://www.google.com/device',
      verificationUriComplete: null,
    });
  });

  it('is read as the older Entra endpoint sends it, with numbers in quotes', () => {
    const entra = {
      user_code: 'FJC3B6RKG',
      device_code: 'DAQABAAEAAA-device-code-example',
      verification_url: 'https://microsoft.com/devicelogin',
      expires_in: '900',
      interval: '7',
      message: 'To sign in, use a web browser to open the page …',
    };
    expect(read(entra)).toMatchObject({ expiresIn: 900, interval: 7, userCode: 'FJC3B6RKG' });
  });

  it('is read as a form, as GitHub sends it', () => {
    const form =
      'device_code=3584d83-example&expires_in=899&interval=5&user_code=WDJB-MJHT&verification_uri=https%3A%2F%2Fgithub.com%2Flogin%2Fdevice';
    expect(read(form)).toMatchObject({ expiresIn: 899, verificationUri: 'https://github.com/login/device' });
  });

  it.each([
    ['absent', undefined, 5],
    ['null', null, 5],
    ['a number', 12, 12],
    ['digits', '12', 12],
    ['a fraction', 1.5, 2],
    ['less than a second', 0.01, 1],
    ['zero', 0, 5],
    ['negative', -1, 5],
    ['a word', 'soon', 5],
    ['long, but shorter than the code lives', 600, 600],
    ['longer than the code lives', 5_000, 60],
  ])('with an interval that is %s', (_, interval, seconds) => {
    expect(authorized({ interval }).interval).toBe(seconds);
  });

  it.each([
    ['absent', undefined, 900],
    ['zero', 0, 900],
    ['negative', -5, 900],
    ['digits', '300', 300],
    ['a day', 86_400, 3_600],
    ['absurd', 1e300, 3_600],
  ])('with a lifetime that is %s', (_, expires_in, seconds) => {
    expect(authorized({ expires_in }).expiresIn).toBe(seconds);
  });

  it.each([['http://issuer.example/device'], ['javascript:alert(1)'], ['not an address'], [7], ['']])(
    'is read without the complete address if that is %j',
    (verification_uri_complete) => {
      expect(authorized({ verification_uri_complete }).verificationUriComplete).toBeNull();
    },
  );

  it.each([
    ['no device code', { device_code: undefined }, 'device code'],
    ['an unprintable device code', { device_code: 'a\nb' }, 'device code'],
    ['no user code', { user_code: '' }, 'code to type'],
    ['a user code that moves the cursor', { user_code: 'AB\u001b[2JCD' }, 'code to type'],
    ['a user code that turns the text around', { user_code: 'AB\u202eCD' }, 'code to type'],
    ['a user code nobody would type', { user_code: 'A'.repeat(65) }, 'code to type'],
    ['no address', { verification_uri: undefined }, 'safe address to type it at'],
    ['an address in the clear', { verification_uri: 'http://issuer.example/' }, 'safe address to type it at'],
    [
      'an address with a user in it',
      { verification_uri: 'https://a@issuer.example/' },
      'safe address to type it at',
    ],
  ])('is invalid with %s', (_, changes, what) => {
    expect(read({ ...STANDARD, ...changes })).toEqual({
      kind: 'useless',
      flaw: `the answer has no usable ${what}`,
    });
  });

  it.each([
    ['a scope that is not allowed', { error: 'invalid_scope' }, 400, 'configuration', 'invalid_scope'],
    ['a client of the wrong type', { error: 'invalid_client' }, 401, 'configuration', 'invalid_client'],
    [
      'an error with status 200',
      { error: 'device_flow_disabled' },
      200,
      'configuration',
      'device_flow_disabled',
    ],
    ['too many codes', { error: 'rate_limit_exceeded' }, 403, 'transient', 'rate_limit_exceeded'],
    ['a page of a gateway', '<html>', 502, 'transient', 'http_502'],
    ['a page of a captive portal', '<html>', 200, 'transient', 'not_json'],
  ])('refuses %s', (_, body, status, kind, error) => {
    expect(read(body, status)).toMatchObject({ kind: 'refused', class: kind, error });
  });

  it('shows no secret of the request', () => {
    const sent = [new Secret('client-secret-example')];
    const answer = read({ error: 'invalid_client', error_description: 'client-secret-example?' }, 401, sent);
    expect(answer).toMatchObject({ description: '[redacted]?' });
  });
});
