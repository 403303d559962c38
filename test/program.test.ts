import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/commands/index.js';
import { list } from '../src/commands/list.js';
import { askedView } from '../src/commands/spec.js';
import { instead, TRIED_LINES, TRIED_WORDS, triedWord } from '../src/commands/tried-words.js';
import type { VaultError } from '../src/domain/errors.js';
import { parseProgram } from '../src/program.js';
import { plainTheme } from '../src/ui/theme.js';
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
    [['list', '--settings=/etc/vault.env'], { ...DEFAULTS, envFile: '/etc/vault.env' }],
    [['--profile', 'list', 'list'], { ...DEFAULTS, profile: 'list' }],
  ])('%j mean the same before and after the command', async (argv, globals) => {
    expect(await parseProgram(argv)).toMatchObject({ kind: 'run', command: list, globals });
  });

  it.each(['--profile', '--settings'])('an empty %s is refused', async (option) => {
    await expect(parseProgram([option, '', 'list'])).rejects.toMatchObject({
      code: 'usage',
      message: `${option} is empty`,
    });
  });
});

describe('help and version', () => {
  it.each([['--version'], ['-v'], ['-V'], ['version'], ['list', '--version']])(
    '%j %j prints the version',
    async (...argv) => {
      expect(await parseProgram(argv)).toEqual({ kind: 'text', text: `${VERSION}\n` });
    },
  );

  it('without a command is the help, which has every command in its group', async () => {
    const help = await parseProgram([]);
    for (const argv of [['--help'], ['-h'], ['help'], ['help', 'help'], ['--quiet']])
      expect(await parseProgram(argv)).toEqual(help);
    const text = help.kind === 'text' ? help.text : '';
    for (const { name, group, summary } of COMMANDS)
      expect(text).toMatch(new RegExp(`\n${group}:\n(?:  .*\n)*  ${name} +${summary}\n`));
    expect(text).toContain('\n  -v, --version  ');
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('has bold headings and dim explanations where the theme has them', async () => {
    const marked = { ...plainTheme, bold: (text: string) => `<${text}>`, dim: (text: string) => `(${text})` };
    const help = await parseProgram(['show', '--help'], marked);
    expect(help).toMatchObject({
      text: expect.stringMatching(/^Show one account\.\n\n<Usage:>\n {2}vault show/),
    });
    expect(help).toMatchObject({
      text: expect.stringContaining('\n  vault show google --json\n(      for a program)\n'),
    });
  });

  it('no command is an error with --json', async () => {
    await expect(parseProgram(['--json'])).rejects.toMatchObject({
      code: 'usage',
      message: 'no command is named',
    });
  });
});

describe('an invalid command line', () => {
  it.each([
    [['tokne'], "unknown command 'tokne'", 'did you mean token? see vault --help'],
    [['help', 'tokne'], "unknown command 'tokne'", 'did you mean token? see vault --help'],
    [['quux'], "unknown command 'quux'", 'see vault --help'],
    [['help', 'key', 'foo'], "unknown command 'key foo'", 'see vault key --help'],
    [
      ['help', 'key', 'list'],
      "unknown command 'key list'",
      'to see the keys that open the vault: vault key status',
    ],
    [['help', 'token', 'x'], "there is no help page 'token x'", 'see vault help token'],
    [['help', 'key', 'rotate', 'x'], "there is no help page 'key rotate x'", 'see vault help key rotate'],
    [
      ['config', 'list'],
      "unknown command 'config list'",
      'to see what is set: vault config get\nto list the profiles: vault config profiles',
    ],
    [['default', '--unset'], "unknown option '--unset'", 'to remove all defaults: vault default --remove'],
    [['revoke', 'work', '-f'], "unknown option '-f'", 'without asking: vault revoke ACCOUNT --yes'],
    [['key', 'rotte'], "unknown command 'key rotte'", 'did you mean rotate? see vault key --help'],
    [['list', '--json=x'], "option '--json' takes no value", 'see vault list --help'],
    [
      ['exec', 'work', 'sh', '-c', 'x'],
      "unknown option '-c'",
      'put -- before the program: vault exec work -- sh ARGUMENTS',
    ],
    [['exec', '-c', 'work', 'sh'], "unknown option '-c'", 'see vault exec --help'],
    [['login'], "missing required argument 'provider'", 'vault providers'],
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
    [['exec'], "missing required argument 'account'", 'vault list'],
    [['exec', 'work'], "missing required argument 'command'", 'vault exec work -- PROGRAM ARGUMENTS'],
    [
      ['list', 'work'],
      "too many arguments for 'list': expected 0 arguments but got 1",
      'did you mean: vault show work',
    ],
    [
      ['audit', 'verify'],
      "too many arguments for 'audit': expected 0 arguments but got 1",
      'did you mean: vault audit --verify',
    ],
    [
      ['audit', 'a b'],
      "too many arguments for 'audit': expected 0 arguments but got 1",
      "did you mean: vault audit --account 'a b'",
    ],
    [
      ['token', '--min-valid', 'soon'],
      '--min-valid takes a duration such as 90s, 5m, 12h or 7d',
      'see vault token --help',
    ],
    [['refresh'], 'name an account, or use --all or --provider', 'to list the accounts: vault list'],
  ])('%j: %s', async (argv, message, hint) => {
    await expect(parseProgram(argv)).rejects.toMatchObject({ code: 'usage', exitCode: 2, message, hint });
  });

  it.each([
    ['logout google', 'to revoke access and remove the account: vault revoke google'],
    ['rm', 'to revoke access and remove the account: vault revoke ACCOUNT'],
    ['revoke-all', 'to show what would be revoked: vault revoke --all --dry-run'],
    ['get google/work', 'to print a token: vault token google/work'],
    ['ls', 'to list the accounts: vault list'],
    ['whoami', 'to show an account: vault show ACCOUNT'],
    ['run work ./x', 'to run a program with a token: vault exec work -- PROGRAM'],
    ['add gitlab', 'to log in: vault login gitlab'],
    ['get --help=x', 'to print a token: vault token ACCOUNT'],
    ['get secret=x', 'to print a token: vault token ACCOUNT'],
    ['kv get x', 'this is token-vault, not HashiCorp Vault; its commands: vault --help'],
    ['mv a b', 'to give an account another name: vault rename a NAME'],
    ['use a', 'to choose the account to take: vault default a'],
  ])('%s: the hint for a word that people try', async (line, hint) => {
    await expect(parseProgram(line.split(' '))).rejects.toMatchObject({ code: 'usage', hint });
  });

  it('has a command in each of these hints that the program understands', async () => {
    const hints = [...TRIED_WORDS.map((word) => triedWord(word, [])), ...TRIED_LINES.map(instead)];
    for (const hint of hints.flatMap((each) => each?.split('\n') ?? expect.fail())) {
      const line = hint.split(': vault ')[1] ?? expect.fail(hint);
      const understood = parseProgram(line.replace('TOOL', 'git').replace('KIND', 'file').split(' '));
      expect(await understood, hint).toMatchObject({ kind: expect.stringMatching(/run|text/) });
    }
    const names = TRIED_LINES.map((line) => line.split(' ')[0]);
    expect(names.filter((name) => !COMMANDS.some((each) => each.name === name))).toEqual([]);
    expect(TRIED_WORDS.filter((word) => COMMANDS.some(({ name }) => name === word))).toEqual([]);
  });

  it('leads to a destructive command only where that was meant', async () => {
    const hintFor = async (word: string) => parseProgram([word]).catch((failure: VaultError) => failure.hint);
    expect(await hintFor('revoek')).toBe('did you mean revoke? see vault --help');
    for (const word of ['remote', 'revise', 'store', 'restart', 'invoke'])
      expect(await hintFor(word)).not.toMatch(/revoke|restore/);
  });

  it('is repeated only up to the option name, because its value may be a secret', async () => {
    await expect(parseProgram(['token', '--token=secret-example\nmore'])).rejects.toMatchObject({
      message: "unknown option '--token'",
    });
  });
});

it('an error has the format that the invalid command line asked for', () => {
  expect(askedView(['tokne', '--json'])).toEqual({ json: true, verbose: false });
  expect(askedView(['tokne', '--verbose', '--', '--json'])).toEqual({ json: false, verbose: true });
});
