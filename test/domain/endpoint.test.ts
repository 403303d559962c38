import { describe, expect, it } from 'vitest';
import { isLoopbackHost, parseEndpoint } from '../../src/domain/endpoint.js';

describe('the address of an endpoint', () => {
  it.each([
    ['https://accounts.example/authorize?policy=a'],
    ['http://127.0.0.1:8080/token'],
    ['http://localhost:8080/token'],
    ['http://[::1]:8080/token'],
  ])('may be %s', (text) => {
    expect(parseEndpoint(text)?.href).toBe(text);
  });

  it.each([
    ['http to a host elsewhere', 'http://accounts.example/token'],
    ['http to a host that only looks like loopback', 'http://127.0.0.1.evil.example/token'],
    ['http to a name that begins like loopback', 'http://localhost.evil.example/'],
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['user information', 'https://user:pw@accounts.example/'],
    ['a fragment', 'https://accounts.example/#x'],
    ['a line break, which the URL parser would drop', 'https://accounts.example/\ntoken'],
    ['a space', 'https://accounts.example/a b'],
    ['a character beyond ASCII', 'https://accounts.example/ü'],
    ['an option', '--help'],
    ['nothing', ''],
    ['a text that is endless', `https://accounts.example/${'a'.repeat(5000)}`],
  ])('may not be %s', (_, text) => {
    expect(parseEndpoint(text)).toBeNull();
  });

  it.each([['127.0.0.1'], ['[::1]'], ['localhost']])('treats %s as this machine', (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  });

  it.each([['0.0.0.0'], ['example.org'], ['127.0.0.2.example.org']])(
    'does not treat %s as this machine',
    (host) => {
      expect(isLoopbackHost(host)).toBe(false);
    },
  );
});
