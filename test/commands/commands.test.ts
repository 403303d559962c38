import { readFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { COMMANDS, GROUPS } from '../../src/commands/index.js';
import { GLOBAL_OPTIONS, readFlag, type Usage } from '../../src/commands/spec.js';
import { startedAs } from '../../src/domain/invocation.js';
import { fastParse } from '../../src/fast-lane.js';
import { parseProgram } from '../../src/program.js';

const NAMES = [
  'setup',
  'demo',
  'login',
  'import',
  'token',
  'exec',
  'connect',
  'helper',
  'check',
  'list',
  'show',
  'rename',
  'default',
  'refresh',
  'revoke',
  'schedule',
  'agent',
  'notify',
  'status',
  'audit',
  'doctor',
  'init',
  'key',
  'backup',
  'restore',
  'config',
  'providers',
  'completion',
];

/** The words of an example, without what follows a pipe. */
function wordsOf(line: string): string[] {
  return (line.split(' | ')[0] ?? line).split(' ');
}

it('the list of commands is complete', () => {
  expect(COMMANDS.map((entry) => entry.name)).toEqual(NAMES);
});

it('README.md lists the commands in the groups of the help', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const lines = GROUPS.map((group) => {
    const names = COMMANDS.filter((entry) => entry.group === group).map(({ name }) => `\`${name}\``);
    return `| ${group} | ${names.join(', ')} |`;
  });
  expect(readme).toContain(lines.join('\n'));
});

describe.each(COMMANDS)('vault $name', (entry) => {
  it('has options that differ from each other and from the global ones', async () => {
    const command = await entry.load();
    for (const { options } of [command, ...(command.subcommands ?? [])]) {
      const flags = [...options, ...GLOBAL_OPTIONS].map(readFlag);
      const names = flags.flatMap((flag) => [flag.long, flag.short]).filter((name) => name !== null);
      expect(flags.filter((flag) => !/^--[a-z]+(-[a-z]+)*$/.test(flag.long))).toEqual([]);
      expect(new Set([...names, '-h', '--help', '-v', '-V', '--version']).size).toBe(names.length + 5);
    }
  });

  it('has examples that both readers parse alike', async () => {
    const command = await entry.load();
    const usages = [command, ...(command.subcommands ?? [])];
    expect(usages.filter(({ examples }) => Object.keys(examples).length === 0)).toEqual([]);
    for (const line of usages.flatMap(({ examples }) => Object.keys(examples))) {
      const slow = await parseProgram(wordsOf(line));
      expect(slow).toMatchObject({ kind: 'run', command });
      // What stands behind a lone -- is none of the fast lane's business.
      expect(await fastParse(wordsOf(line))).toEqual(line.includes(' -- ') ? null : slow);
    }
  });

  it.each(['vault', 'token-vault'] as const)(
    'has pages of its own that fit into 80 columns of %s',
    async (name) => {
      startedAs({ name });
      onTestFinished(() => startedAs({ name: 'vault' }));
      const command = await entry.load();
      const all = [{ path: [entry.name], usage: command as Usage }];
      for (const each of command.subcommands ?? []) all.push({ path: [entry.name, each.name], usage: each });
      for (const { path, usage } of all) {
        const help = await parseProgram([...path, '--help']);
        const text = help.kind === 'text' ? help.text : '';
        expect(await parseProgram(['help', ...path])).toEqual(help);
        expect(text).toContain(`\nUsage:\n  ${name} ${path.join(' ')} `);
        for (const { flags } of [...usage.options, ...GLOBAL_OPTIONS])
          expect(text).toContain(`\n  ${flags} `);
        for (const [line, says] of Object.entries(usage.examples))
          expect(text).toContain(`\n  ${name} ${line}\n      ${says}\n`);
        expect(text.split('\n').filter((each) => each.length > 80)).toEqual([]);
      }
    },
  );

  it('refuses an empty value for every option that takes one', async () => {
    const command = await entry.load();
    const all = [{ path: [entry.name], usage: command as Usage }];
    for (const each of command.subcommands ?? []) all.push({ path: [entry.name, each.name], usage: each });
    const refused = async (words: readonly string[]) => parseProgram(words).catch((failure) => failure);
    for (const { path, usage } of all) {
      const args = usage.arguments.map(
        ({ values }) => (typeof values === 'object' ? values[0] : 'google') ?? '',
      );
      for (const { long } of usage.options.map(readFlag).filter((flag) => flag.takesValue)) {
        expect(await refused([...path, ...args, long, '']), long).toMatchObject({
          code: 'usage',
          message: `${long} is empty`,
          hint: `see vault ${path.join(' ')} --help`,
        });
      }
    }
    expect(all.length).toBeGreaterThan(0);
  });
});
