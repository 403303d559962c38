import { describe, expect, it } from 'vitest';
import { parseEnvFile, withVariables } from '../../src/config/env-file.js';

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

describe('changing .env', () => {
  it.each([
    [null, 'A=1\n'],
    ['', 'A=1\n'],
    ['B=2', 'B=2\nA=1\n'],
    ['A=0\nB=2\n', 'A=1\nB=2\n'],
    ['export A=0\n', 'A=1\n'],
    ['A=0\nA=3\n', 'A=0\nA=1\n'],
    ['# A=0\r\nB=2\r\n', '# A=0\r\nB=2\r\nA=1\r\n'],
    ['B="x\ny"\nC=\'z\'\n', 'B="x\ny"\nC=\'z\'\nA=1\n'],
  ])('keeps all other lines of %j', (text, after) => {
    expect(withVariables(text, { A: '1' }, '.env')).toBe(after);
  });

  it.each([
    ['A=0\nB=2\nexport A=3\n', 'B=2\n'],
    ['# A=0\r\nA=0\r\nB=2\r\n', '# A=0\r\nB=2\r\n'],
    ['A=0\n', ''],
    ['B=2\n', 'B=2\n'],
  ])('removes every line that sets a variable from %j', (text, after) => {
    expect(withVariables(text, { A: null }, '.env')).toBe(after);
  });

  it.each(['a b', '#x', 'a#b', ' x ', `it's`, '"q"', 'a`b', 'x=y', '\\n', '$HOME'])(
    'writes %j so that it is read back',
    (value) => {
      expect(parseEnvFile(withVariables('B=2\n', { A: value }, '.env'), '.env')).toEqual({
        A: value,
        B: '2',
      });
    },
  );

  it.each([
    ['A="one\ntwo"\n', '1'],
    ['B="\nA=0\n"\n', '1'],
    ['B=2', 'one\ntwo"\'`'],
  ])('is refused where a line cannot be changed alone: %j', (text, value) => {
    expect(() => withVariables(text, { A: value }, '.env')).toThrow(
      expect.objectContaining({ code: 'config_invalid', hint: 'write A into .env yourself' }),
    );
  });
});
