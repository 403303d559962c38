import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/index.js';
import { GLOBAL_OPTIONS, readFlag } from '../../src/commands/spec.js';
import { fastParse } from '../../src/fast-lane.js';
import { parseProgram } from '../../src/program.js';

const NAMES = [
  'login',
  'token',
  'exec',
  'list',
  'show',
  'refresh',
  'revoke',
  'schedule',
  'notify',
  'init',
  'key',
  'backup',
  'restore',
  'agent',
  'status',
  'audit',
  'doctor',
  'providers',
  'demo',
];

/** The words of an example, without what follows a pipe. */
function wordsOf(line: string): string[] {
  return (line.split(' | ')[0] ?? line).split(' ');
}

it('the list of commands is complete', () => {
  expect(COMMANDS.map((entry) => entry.name)).toEqual(NAMES);
});

describe.each(COMMANDS)('vault $name', (entry) => {
  it('has options that are told apart from each other and from the global ones', async () => {
    const { options } = await entry.load();
    const flags = [...options, ...GLOBAL_OPTIONS].map(readFlag);
    const names = flags.flatMap((flag) => [flag.long, flag.short]).filter((name) => name !== null);
    expect(flags.filter((flag) => !/^--[a-z]+(-[a-z]+)*$/.test(flag.long))).toEqual([]);
    expect(new Set([...names, '-h', '--help', '-V', '--version']).size).toBe(names.length + 4);
  });

  it('has examples that can be typed as they are, and both readers understand them alike', async () => {
    const { examples } = await entry.load();
    expect(Object.keys(examples)).not.toEqual([]);
    for (const line of Object.keys(examples)) {
      const slow = await parseProgram(wordsOf(line));
      expect(slow).toMatchObject({ kind: 'run', command: await entry.load() });
      // What stands behind a lone -- is none of the fast lane's business.
      expect(await fastParse(wordsOf(line))).toEqual(line.includes(' -- ') ? null : slow);
    }
  });

  it('shows its examples and the global options in its help', async () => {
    const { examples } = await entry.load();
    const help = await parseProgram([entry.name, '--help']);
    const text = help.kind === 'text' ? help.text : '';
    expect(help).toMatchObject({ kind: 'text', exitCode: 0 });
    for (const [line, says] of Object.entries(examples))
      expect(text).toContain(`  vault ${line}\n      ${says}`);
    expect(text).toContain('--env-file <path>');
    expect(text.split('\n').filter((each) => each.length > 80)).toEqual([]);
  });

  it('refuses an empty value for every option that takes one', async () => {
    const command = await entry.load();
    const args = command.arguments.map(() => 'google');
    const valued = command.options.map(readFlag).filter((flag) => flag.takesValue);
    for (const { long } of valued) {
      await expect(parseProgram([entry.name, ...args, long, '']), long).rejects.toMatchObject({
        code: 'usage',
        message: `${long} is empty`,
        hint: `see vault ${entry.name} --help`,
      });
    }
    expect(valued.length).toBeGreaterThanOrEqual(0);
  });
});
