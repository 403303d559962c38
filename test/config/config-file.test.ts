import { describe, expect, it } from 'vitest';
import { parseConfigFile } from '../../src/config/config-file.js';
import { readNotify } from '../../src/config/config-json.js';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';

function refusal(config: unknown): VaultError {
  try {
    parseConfigFile(JSON.stringify(config), 'config.json');
  } catch (failure) {
    if (failure instanceof VaultError) return failure;
    throw failure;
  }
  throw new Error('was accepted');
}

describe('config.json', () => {
  it.each([null, '{}'])('may be empty: %j', (text) => {
    expect(parseConfigFile(text, 'config.json')).toEqual({ keySource: null, providers: {}, notify: null });
  });

  it('returns its values, with the client secret wrapped', () => {
    const config = {
      keySource: { kind: 'file', path: '/keys/master.key' },
      notify: ['notify-send', 'vault'],
      providers: {
        'my-idp': {
          issuer: 'https://issuer.example/tenant',
          clientId: 'client-id-example',
          clientSecret: 'client-secret-example',
          scopes: ['openid', 'https://api.example/mail.read'],
          redirectPath: '',
          identity: { from: 'userinfo', subject: 'id', email: ['mail', 'email'] },
        },
      },
    };
    const { keySource, notify, providers } = parseConfigFile(JSON.stringify(config), 'config.json');
    const { clientSecret, ...rest } = providers['my-idp'] ?? {};
    expect([keySource, notify]).toEqual([config.keySource, config.notify]);
    expect(clientSecret).toBeInstanceOf(Secret);
    expect(clientSecret?.reveal()).toBe('client-secret-example');
    expect(rest).toEqual({
      issuer: 'https://issuer.example/tenant',
      clientId: 'client-id-example',
      scopes: ['openid', 'https://api.example/mail.read'],
      redirectPath: '',
      identity: { from: 'userinfo', subject: ['id'], email: ['mail', 'email'] },
    });
  });

  it.each<[string, unknown, string]>([
    ['keysource', { keysource: 'file' }, 'did you mean keySource?'],
    ['providers.google.client_id', { providers: { google: { client_id: 'x' } } }, 'did you mean clientId?'],
    ['providers.a.isuer', { providers: { a: { isuer: 'x' } } }, 'did you mean issuer?'],
    ['providers.a.colour', { providers: { a: { colour: 'x' } } }, 'allowed here: extends, title, issuer'],
    [
      'providers.a.identity.sub',
      { providers: { a: { identity: { from: 'none', sub: 'x' } } } },
      'allowed here: from, subject',
    ],
  ])('names an unknown key, %s, and which was meant', (path, config, known) => {
    const { code, message } = refusal(config);
    expect(code).toBe('config_invalid');
    expect(message).toContain(`config.json: ${path} is not known`);
    expect(message).toContain(known);
  });

  it.each<[string, unknown]>([
    ['providers must be an object', { providers: [] }],
    ['providers.a must be an object', { providers: { a: 'x' } }],
    ['providers.A b is not a valid provider name', { providers: { 'A b': {} } }],
    ['providers.a/b is not a valid provider name', { providers: { 'a/b': {} } }],
    ['providers.a.scopes must be a list', { providers: { a: { scopes: 'openid' } } }],
    ['providers.a.scopes.1 must be a scope', { providers: { a: { scopes: ['openid', 'a b'] } } }],
    ['providers.a.clientAuth must be one of', { providers: { a: { clientAuth: 'jwt' } } }],
    ['providers.a.redirectHost must be one of', { providers: { a: { redirectHost: '0.0.0.0' } } }],
    ['providers.a.redirectPort must be at most', { providers: { a: { redirectPort: 65536 } } }],
    ['providers.a.redirectPort must be a number', { providers: { a: { redirectPort: '8400' } } }],
    ['providers.a.redirectPath must be empty', { providers: { a: { redirectPath: 'cb' } } }],
    ['providers.a.redirectPath must be empty', { providers: { a: { redirectPath: '/cb?x=1' } } }],
    ['providers.a.pkce must be true or false', { providers: { a: { pkce: 'no' } } }],
    ['providers.a.identity.from must be given', { providers: { a: { identity: {} } } }],
    ['providers.a.clientId must not be empty', { providers: { a: { clientId: ' ' } } }],
    ['notify must be a list of strings', { notify: 'run' }],
    ['notify must be a list of strings', { notify: [] }],
    ['notify must be a list of strings', { notify: ['', 'x'] }],
    ['notify must be a list of strings', { notify: ['run', 7] }],
    ['notify must be a list of strings', { notify: ['run\0'] }],
    ['notify must begin with the name of a program or with its absolute path', { notify: ['./run'] }],
  ])('refuses: %s', (why, config) => {
    expect(refusal(config).message).toContain(`config.json: ${why}`);
  });

  it.each([
    'http://issuer.example/token',
    'ftp://issuer.example/token',
    'https://user:word@issuer.example/token',
    'https://issuer.example/token#part',
    'issuer.example/token',
    'http://127.0.0.1.evil.example/token',
  ])('refuses %s for an endpoint', (tokenEndpoint) => {
    expect(refusal({ providers: { a: { tokenEndpoint } } }).message).toContain(
      'providers.a.tokenEndpoint must be an https URL',
    );
  });

  it.each([
    'http://127.0.0.1:9000/token',
    'http://localhost/token',
    'http://[::1]:9000/token',
    'https://issuer.example/token?tenant=1',
  ])('accepts %s for one', (tokenEndpoint) => {
    const text = JSON.stringify({ providers: { a: { tokenEndpoint } } });
    expect(parseConfigFile(text, 'config.json').providers['a']).toEqual({ tokenEndpoint });
  });

  it.each([
    ['authorizeParams', { state: 'x' }],
    ['authorizeParams', { code_challenge_method: 'plain' }],
    ['authorizeParams', { request_uri: 'https://evil.example' }],
    ['refreshParams', { refresh_token: 'x' }],
    ['headers', { Authorization: 'Basic x' }],
    ['headers', { 'X-Split': 'a\r\nCookie: b' }],
    ['headers', { 'bad name': 'x' }],
  ])('does not let %s set %j', (field, value) => {
    expect(refusal({ providers: { a: { [field]: value } } }).message).toContain(`providers.a.${field} must`);
  });

  it.each([
    { providers: { a: { clientSecret: 'secret-example-x', clientId: 7 } } },
    { providers: { a: { clientSecret: ['secret-example-x'] } } },
    { providers: { a: { issuer: 'secret-example-x' } } },
    { providers: { a: { clientAuth: 'secret-example-x' } } },
    { providers: { a: 'secret-example-x' } },
    { notify: 'secret-example-x' },
    { keySource: 'secret-example-x' },
  ])('never shows a value: %j', (config) => {
    const { message, hint, details } = refusal(config);
    expect(JSON.stringify([message, hint, details])).not.toContain('secret-example');
  });

  it('makes keys harmless before they are shown', () => {
    expect(refusal({ '\u001b[31mred': 1 }).message).toContain('config.json: ?[31mred is not known');
  });

  it('accepts no inherited names of JavaScript objects', () => {
    const attempt = () => parseConfigFile('{"__proto__": {"keySource": "file"}}', 'config.json');
    expect(attempt).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    const { providers } = parseConfigFile('{"providers": {"__proto__": {"clientId": "x"}}}', 'config.json');
    expect([Object.keys(providers), Object.getPrototypeOf(providers)]).toEqual([[], Object.prototype]);
  });
});

it.each([
  [null, null],
  ['{}', null],
  ['{"notify": ["mail", "-s", "vault", "me"]}', ['mail', '-s', 'vault', 'me']],
  ['{"notify": ["/srv/a b/tell"], "providers": 7}', ['/srv/a b/tell']],
])('the notify command of %s is %j', (text, command) => {
  expect(readNotify(text, 'config.json')).toEqual(command);
});

it('an unreadable file is named', () => {
  expect(() => readNotify('{"notify": ["secret-example"', 'config.json')).toThrow(
    expect.objectContaining({
      code: 'config_invalid',
      message: 'config.json is not valid JSON, at line 1, column 29',
    }),
  );
});
