import { describe, expect, it } from 'vitest';
import { readRedirectUri } from '../../src/config/client.js';

describe('a redirect URI set by the user', () => {
  it.each([
    ['http://127.0.0.1:8400/callback', '127.0.0.1', 8400, '/callback'],
    ['http://localhost:8400', 'localhost', 8400, ''],
    ['http://localhost:8400/', 'localhost', 8400, '/'],
  ])('%s is listened on and sent unchanged', (text, host, port, path) => {
    expect(readRedirectUri(text, 'X')).toEqual({ redirectUri: text, redirect: { host, port, path } });
  });

  it.each([
    ['http://127.0.0.1/callback', '127.0.0.1', '/callback'],
    ['http://localhost', 'localhost', ''],
  ])('%s, without a port, means any port', (text, host, path) => {
    expect(readRedirectUri(text, 'X')).toEqual({ redirectUri: null, redirect: { host, port: 0, path } });
  });

  it('on https is a page of the user, without a listener', () => {
    const text = 'https://example.com/oauth?app=vault';
    expect(readRedirectUri(text, 'X')).toEqual({ redirectUri: text, redirect: null });
  });

  it.each([
    'http://example.com/callback',
    'http://0.0.0.0:8400/callback',
    'http://[::1]:8400/callback',
    'http://localhost.example:8400',
    'http://127.0.0.1:8400/callback?x=1',
    'https://example.com/#part',
    'https://user:word@example.com/',
    'urn:ietf:wg:oauth:2.0:oob',
    'javascript:alert(1)',
    'https://example.com/a b',
    'callback',
    '',
  ])('%j is refused', (text) => {
    expect(() => readRedirectUri(text, 'OAUTH_REDIRECT_URI')).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining('OAUTH_REDIRECT_URI'),
      }),
    );
  });
});
