import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { VAULT_JS } from '../harness/cli.js';
import { type CompletionStage, completionStage, HOSTILE } from '../harness/completion-stage.js';
import { BASH_COMPLETION, HANGS, needs } from '../harness/parts.js';

/** What is typed, and the words that the program gets. */
type Line = readonly [keys: string, words: readonly string[]];

const LINES: readonly Line[] = [
  ['vault tok\t goo\tal\t --f\t h\t', ['token', 'google/alice@example.com', '--format', 'header']],
  ['vault token google/alice@\t', ['token', 'google/alice@example.com']],
  ['vault token google/alice@ex\t --format=js\t', ['token', 'google/alice@example.com', '--format=json']],
  ['vault show demo/with:c\t', ['show', 'demo/with:colon']],
  ['vault show not\t', ['show', "notion/o'brien"]],
  ["vault show 'not\t", ['show', "notion/o'brien"]],
  ['vault show evi\t', ['show', HOSTILE]],
  ["vault show 'evi\t", ['show', HOSTILE]],
  ['vault --profile ac\t list', ['--profile', 'acme', 'list']],
  ['vault list --provider for\t', ['list', '--provider', 'forge']],
  ['vault key rot\t --da\t', ['key', 'rotate', '--data']],
  ['vault backup a\t', ['backup', 'a file.txt']],
  ['vault key add file --key-file=a\t', ['key', 'add', 'file', '--key-file=a file.txt']],
  ['vault exec google/w\t \t cat a\t', ['exec', 'google/work', '--', 'cat', 'a file.txt']],
];

/** Types the lines into an interactive shell, each one when its prompt is there. */
async function typeInto(
  stage: CompletionStage,
  shell: readonly string[],
  start: readonly string[],
  lines: readonly Line[],
): Promise<string[][]> {
  const before = stage.typed().length;
  const terminal = typeAtTerminal(shell, { cwd: stage.home.home, env: stage.env });
  for (const line of [`PS1='REA''DY> '`, ...start, ...lines.map(([keys]) => keys)]) {
    terminal.type(`${line}\r`);
    await terminal.sees(/READY> /);
  }
  terminal.type('exit\r');
  await terminal.done;
  return stage.typed().slice(before);
}

const wordsOf = (lines: readonly Line[]) => lines.map(([, words]) => words);

describe('the completion', () => {
  let stage: CompletionStage;
  /** Of the other name. */
  let other: CompletionStage;
  beforeAll(async () => {
    [stage, other] = await Promise.all([completionStage(), completionStage('token-vault')]);
  });
  afterAll(() => {
    for (const { home } of [stage, other]) home.remove();
  });

  it('completes what is typed in bash, without a package', async (context) => {
    needs(context, 'bash', 'a terminal');
    const start = ['source <(vault completion bash)'];
    const words = await typeInto(stage, ['bash', '--norc', '--noprofile', '-i'], start, LINES);
    expect(words).toEqual(wordsOf(LINES));
    expect(existsSync(join(stage.home.home, 'x'))).toBe(false);
  });

  it('is found by bash-completion, and completes the program of exec', async (context) => {
    needs(context, 'bash-completion', 'a terminal');
    const lines: Line[] = [
      ['token-vault token google/alice@\t', ['token', 'google/alice@example.com']],
      [
        'token-vault exec google/work -- token-vault show not\t',
        ['exec', 'google/work', '--', 'token-vault', 'show', "notion/o'brien"],
      ],
    ];
    const start = [`source ${BASH_COMPLETION}`, 'token-vault completion bash --install 2>/dev/null'];
    expect(await typeInto(other, ['bash', '--norc', '--noprofile', '-i'], start, lines)).toEqual(
      wordsOf(lines),
    );
  });

  it('completes what is typed in zsh, once its folder is in fpath', async (context) => {
    needs(context, 'zsh', 'a terminal');
    const start = [
      'vault completion zsh --install 2>/dev/null',
      'fpath=(~/.local/share/zsh/site-functions $fpath)',
      'autoload -Uz compinit && compinit -u -D',
    ];
    expect(await typeInto(stage, ['zsh', '-f', '-i'], start, LINES)).toEqual(wordsOf(LINES));
    expect(existsSync(join(stage.home.home, 'x'))).toBe(false);
  });

  it('completes what is typed in fish, once it is installed', (context) => {
    needs(context, 'fish');
    const lines = [
      'vault tok',
      'vault token google/alice@',
      'vault token --format=js',
      'vault show not',
      'vault key rot',
      'vault backup a',
      'vault key add file --key-file=a',
      'vault exec google/work -- vault show dem',
      'vault --profile ',
    ];
    const script = [
      'vault completion fish --install 2>/dev/null',
      ...lines.map((line) => `complete -C '${line}'`),
    ];
    const { stdout } = spawnSync('fish', ['-c', script.join('\n')], {
      cwd: stage.home.home,
      env: { ...stage.env, TERM: 'xterm' },
      encoding: 'utf8',
      timeout: HANGS,
    });
    expect(stdout.trim().split('\n')).toEqual([
      'token\tprint a valid access token',
      'google/alice@example.com',
      '--format=json',
      '--format=json-header',
      "notion/o'brien",
      'rotate\treplace the key in use, or the data keys under it',
      'a file.txt',
      '--key-file=a file.txt',
      'demo/with:colon',
      'acme',
    ]);
  });

  it('reads only names: no key, no socket, and changes nothing', (context) => {
    needs(context, 'strace');
    const { vault } = stage.home;
    const calls = join(stage.home.root, 'calls');
    const before = readdirSync(vault, { recursive: true }).sort();
    const trace = [
      'strace',
      '-f',
      '-qq',
      '-e',
      'trace=%file,%network',
      '-e',
      'signal=none',
      '-A',
      '-o',
      calls,
    ];
    for (const words of ['1 token', '1 login', '0 --profile', '1 --profile']) {
      const [program = '', ...args] = [
        ...trace,
        process.execPath,
        VAULT_JS,
        '__complete',
        '--',
        ...words.split(' '),
      ];
      expect(spawnSync(program, args, { env: stage.env, timeout: HANGS }).stderr.toString()).toBe('');
    }
    const lines = readFileSync(calls, 'utf8').split('\n');
    const inVault = lines.filter((line) => line.includes(vault));
    expect(inVault.some((line) => line.includes('vault.db'))).toBe(true);
    expect(inVault.filter((line) => /master\.key|\.env|O_(?:WRONLY|RDWR|CREAT)/.test(line))).toEqual([]);
    expect(
      inVault.filter((line) => !/ (?:openat|open|[a-z]*stat[a-z0-9]*|access|readlink)\(/.test(line)),
    ).toEqual([]);
    expect(lines.filter((line) => / (?:socket|connect|sendto)\(/.test(line))).toEqual([]);
    expect(readdirSync(vault, { recursive: true }).sort()).toEqual(before);
  });
});
