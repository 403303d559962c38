import { describe, expect, it } from 'vitest';
import { exec } from '../../src/commands/exec.js';
import { MINUTE } from '../../src/domain/duration.js';
import { VaultError } from '../../src/domain/errors.js';
import { fastParse } from '../../src/fast-lane.js';
import { parseProgram } from '../../src/program.js';
import type { ExecRequest } from '../../src/services/token/exec.js';
import { terminal } from '../doubles/terminal.js';
import { inputOf } from './raw.js';

const DEFAULTS: ExecRequest = {
  selector: 'google',
  program: 'sync',
  args: [],
  variable: 'ACCESS_TOKEN',
  metadataServer: false,
  retryExit: null,
  minValid: 5 * MINUTE,
  scopes: [],
};

describe('vault exec', () => {
  it.each([
    ['google -- sync', DEFAULTS],
    ['google sync', DEFAULTS],
    ['google -- sync --all -x', { ...DEFAULTS, args: ['--all', '-x'] }],
    ['google -- sync -- --json --help', { ...DEFAULTS, args: ['--', '--json', '--help'] }],
    [
      'google --env TOKEN_1 --retry-exit 41 -- sync --env X',
      { ...DEFAULTS, variable: 'TOKEN_1', retryExit: 41, args: ['--env', 'X'] },
    ],
    ['google --as-metadata-server google -- sync', { ...DEFAULTS, metadataServer: true, variable: null }],
    [
      'google --as-metadata-server google --env T -- sync',
      { ...DEFAULTS, metadataServer: true, variable: 'T' },
    ],
    [
      '--min-valid 30m google --scope a --scope b -- sync',
      { ...DEFAULTS, minValid: 30 * MINUTE, scopes: ['a', 'b'] },
    ],
  ])('understands "%s"', async (line, request) => {
    expect(await inputOf(exec, line)).toEqual(request);
  });

  it('passes the arguments of the program on unchanged, empty ones too', async () => {
    const parsed = await parseProgram(['exec', 'google', '--', 'sync', '', 'a b', '$HOME']);
    expect(parsed).toMatchObject({ input: { args: ['', 'a b', '$HOME'] }, globals: { json: false } });
  });

  it('is never read by the fast lane once there is a lone --', async () => {
    expect(await fastParse(['exec', 'google', '--', 'sync', '--json'])).toBeNull();
    expect(await fastParse(['exec', '--', 'google', 'sync'])).toBeNull();
    expect(await fastParse(['token', '--', 'google'])).toBeNull();
  });

  it.each([
    ['', "missing required argument 'account'"],
    ['google', "missing required argument 'command'"],
    ['google --', "missing required argument 'command'"],
    ['google --retry-exit 0 -- sync', '--retry-exit takes a whole number from 1 to 255'],
    ['google --retry-exit 256 -- sync', '--retry-exit takes a whole number from 1 to 255'],
    ['google --env 1A -- sync', /^--env takes the name of a variable/],
    ['google --env A=B -- sync', /^--env takes the name of a variable/],
    ['google --unknown -- sync', "unknown option '--unknown'"],
  ])('refuses "%s"', async (line, message) => {
    const said = message instanceof RegExp ? expect.stringMatching(message) : message;
    const words = line.split(' ').filter((word) => word !== '');
    await expect(parseProgram(['exec', ...words])).rejects.toMatchObject({ code: 'usage', message: said });
  });

  it.each([
    [['exec', '', '--', 'sync'], 'the name of the account is empty'],
    [['exec', 'google', '--', ''], 'the name of the program is empty'],
  ])('refuses the empty name in %j', async (words, message) => {
    await expect(parseProgram(words)).rejects.toMatchObject({ code: 'usage', message });
  });

  it('has no --json, because stdout belongs to the program', async () => {
    const { io } = terminal({ json: true });
    const failure = await exec.run({} as never, DEFAULTS, io).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(VaultError);
    expect(failure).toMatchObject({ code: 'usage', hint: 'options of that program go after --' });
  });
});
