import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/commands/index.js';
import { list } from '../src/commands/list.js';
import { askedView } from '../src/commands/spec.js';
import { parseProgram } from '../src/program.js';
import { VERSION } from '../src/version.js';

const DEFAULTS = { json: false, quiet: false, verbose: false, profile: null, envFile: null };

describe('global options', () => {
  it.each([
    [['--json', 'list'], { ...DEFAULTS, json: true }],
    [['list', '--json'], { ...DEFAULTS, json: true }],
    [
      ['--profile', 'work', '--quiet', 'list', '--verbose'],
      { ...DEFAULTS, quiet: true, verbose: true, profile: 'work' },
    ],
    [['list', '--env-file=/etc/vault.env'], { ...DEFAULTS, envFile: '/etc/vault.env' }],
    [['--profile', 'list', 'list'], { ...DEFAULTS, profile: 'list' }],
  ])('%j mean the same before and after the command', async (argv, globals) => {
    expect(await parseProgram(argv)).toMatchObject({ kind: 'run', command: list, globals });
  });

  it.each(['--profile', '--env-file'])('an empty %s is refused and not taken for none', async (option) => {
    await expect(parseProgram([option, '', 'list'])).rejects.toMatchObject({
      code: 'usage',
      message: `${option} is empty`,
    });
  });
});

describe('help and version', () => {
  it.each([['--version'], ['-V'], ['list', '--version']])('%j %j prints the version', async (...argv) => {
    expect(await parseProgram(argv)).toEqual({ kind: 'text', text: `${VERSION}\n`, exitCode: 0 });
  });

  it.each([[['--help']], [['-h']], [['help']]])('%j lists every command with what it does', async (argv) => {
    const help = await parseProgram(argv);
    const text = help.kind === 'text' ? help.text : '';
    expect(help).toMatchObject({ kind: 'text', exitCode: 0 });
    for (const { name, summary } of COMMANDS)
      expect(text).toMatch(new RegExp(`^  ${name} +${summary}$`, 'm'));
  });

  it('vault help token is vault token --help', async () => {
    expect(await parseProgram(['help', 'token'])).toEqual(await parseProgram(['token', '--help']));
  });

  it('no command at all gets the same help, but as a mistake', async () => {
    const help = await parseProgram(['--help']);
    expect(await parseProgram([])).toEqual({ ...help, exitCode: 2 });
  });

  it('no command at all is an error for a program', async () => {
    await expect(parseProgram(['--json'])).rejects.toMatchObject({
      code: 'usage',
      message: 'no command is named',
    });
  });
});

describe('a command line that makes no sense', () => {
  it.each([
    [['tokne'], "unknown command 'tokne'", 'did you mean token? see vault --help'],
    [['help', 'tokne'], "unknown command 'tokne'", 'did you mean token? see vault --help'],
    [['quux'], "unknown command 'quux'", 'see vault --help'],
    [['--bogus'], "unknown option '--bogus'", 'see vault --help'],
    [['a\n(Did you mean b?'], "unknown command 'a\n(Did you mean b?'", 'see vault --help'],
    [
      ['token', '--min-vali', '5m'],
      "unknown option '--min-vali'",
      'did you mean --min-valid? see vault token --help',
    ],
    [['token', '-x'], "unknown option '-x'", 'see vault token --help'],
    [
      ['token', 'a', 'b'],
      "too many arguments for 'token': expected 1 argument but got 2",
      'see vault token --help',
    ],
    [['token', '--min-valid'], "option '--min-valid <duration>' has no value", 'see vault token --help'],
    [['show'], "missing required argument 'account'", 'see vault show --help'],
    [
      ['token', '--min-valid', 'soon'],
      '--min-valid takes a duration such as 90s, 5m, 12h or 7d',
      'see vault token --help',
    ],
    [['refresh'], 'name an account, or use --all or --provider', 'vault refresh --all'],
  ])('%j: %s', async (argv, message, hint) => {
    await expect(parseProgram(argv)).rejects.toMatchObject({ code: 'usage', exitCode: 2, message, hint });
  });

  it('is repeated only up to the name of the option, for a secret may stand behind it', async () => {
    await expect(parseProgram(['token', '--token=secret-example\nmore'])).rejects.toMatchObject({
      message: "unknown option '--token'",
    });
  });
});

it('an error is shown in the form that an unreadable command line asked for', () => {
  expect(askedView(['tokne', '--json'])).toEqual({ json: true, verbose: false });
  expect(askedView(['tokne', '--verbose', '--', '--json'])).toEqual({ json: false, verbose: true });
});
