import { describe, expect, it } from 'vitest';
import { parseEnvFile } from '../../src/config/env-file.js';

describe('.env', () => {
  it('contains NAME=value lines, comments and quotes', () => {
    const text = '# a comment\n\nA=1\nexport B = two # rest\nC="x # y"\nD=\'q\'\n  E= 5\nF=\n';
    expect(parseEnvFile(text, '.env')).toEqual({ A: '1', B: 'two', C: 'x # y', D: 'q', E: '5', F: '' });
  });

  it.each(['\uFEFFA=1\r\nB=2\r\n', 'A=1\rB=2', '\nA=1\n\n\nB=2'])(
    'is read with any encoding of lines: %j',
    (text) => {
      expect(parseEnvFile(text, '.env')).toEqual({ A: '1', B: '2' });
    },
  );

  it('may be empty', () => {
    expect(parseEnvFile('', '.env')).toEqual({});
  });

  it('that sets a variable of the environment only is refused without its value', () => {
    const attempt = () =>
      parseEnvFile('VAULT_HOME=/srv/spy\nA=1\nexport NODE_OPTIONS=--spy\n', '/config/.env');
    expect(attempt).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: '/config/.env sets NODE_OPTIONS, VAULT_HOME, which can be set in the environment only',
        hint: expect.stringContaining('VAULT_HOME'),
      }),
    );
    expect(attempt).not.toThrow('spy');
  });

  it('may contain other programs’ variables and empty values', () => {
    const text = 'VAULT_ADDR=https://vault.example\nNODE_ENV=production\nMY_VAULT_HOME=/a\nHTTPS_PROXY=\n';
    expect(Object.keys(parseEnvFile(text, '.env')).sort()).toEqual([
      'HTTPS_PROXY',
      'MY_VAULT_HOME',
      'NODE_ENV',
      'VAULT_ADDR',
    ]);
  });

  it.each([
    ['A=1\nGOOGLE_CLIENT_ID\nB=2\n', 'line 2'],
    ['A=1\nclient-secret-example', 'line 2'],
    ['GOOGLE_CLIENT_ID: client-secret-example\nA=1', 'line 1'],
    ['a-b=client-secret-example', 'line 1'],
  ])('with an invalid line is refused by its number, without its content: %j', (text, line) => {
    const attempt = () => parseEnvFile(text, '/config/.env');
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'config_invalid', message: expect.stringContaining(line) }),
    );
    expect(attempt).toThrow('/config/.env');
    expect(attempt).not.toThrow('client-secret');
  });
});
