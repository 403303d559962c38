import { describe, expect, it } from 'vitest';
import { parseConfigPath, valueAt, withoutSecrets, withValueAt } from '../../src/config/config-path.js';

const CONFIG = { providers: { 'my.idp': { issuer: 'https://idp.example', scopes: ['openid'] } } };

describe('the place of a setting', () => {
  it.each([
    ['notify', ['notify']],
    ['providers.work.issuer', ['providers', 'work', 'issuer']],
    ['providers."my.idp".issuer', ['providers', 'my.idp', 'issuer']],
    ['"a"', ['a']],
  ])('is read from %s', (text, path) => {
    expect(parseConfigPath(text)).toEqual(path);
  });

  it.each(['.', 'a.', '.a', 'a..b', 'a"b"', '"a"b', 'a."b', '""'])('is refused: %s', (text) => {
    expect(() => parseConfigPath(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('leads to a value', () => {
    expect(valueAt(CONFIG, ['providers', 'my.idp', 'scopes'], 'config.json')).toEqual(['openid']);
  });

  it.each([
    [
      ['providers', 'my.idp', 'isuer'],
      'providers.my.idp.isuer is not set in config.json',
      'did you mean issuer?',
    ],
    [['provider', 'x'], 'provider is not set in config.json', 'did you mean providers?'],
    [['notify'], 'notify is not set in config.json', 'set there: providers'],
    [['providers', 'my.idp', 'scopes', '0'], /scopes\.0 is not set/, 'set there: nothing'],
    [['constructor'], 'constructor is not set in config.json', 'set there: providers'],
  ] as const)('says what is set instead: %j', (path, message, hint) => {
    expect(() => valueAt(CONFIG, path, 'config.json')).toThrow(
      expect.objectContaining({ code: 'usage', message: expect.stringMatching(message), hint }),
    );
  });

  it('takes a new value, and the objects on the way to it', () => {
    const set = withValueAt(CONFIG, ['providers', 'work', 'issuer'], 'https://work.example');
    expect(set).toEqual({
      providers: { ...CONFIG.providers, work: { issuer: 'https://work.example' } },
    });
    expect(withValueAt({}, ['__proto__', 'polluted'], true)).not.toHaveProperty('polluted');
    expect(Object.prototype).not.toHaveProperty('polluted');
  });

  it('is not below a value that is no object', () => {
    expect(() => withValueAt({ notify: ['x'] }, ['notify', 'a'], 1)).toThrow('notify has no settings');
  });
});

it('a client secret is not shown, wherever it is', () => {
  const secret = { providers: { a: { clientSecret: 'x', scopes: ['b'] } } };
  expect(withoutSecrets(secret)).toEqual({ providers: { a: { clientSecret: '[redacted]', scopes: ['b'] } } });
});
