import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../src/commands/index.js';
import type { Command } from '../src/commands/spec.js';
import { GLOBAL_OPTIONS, readFlag } from '../src/commands/spec.js';
import { fastParse, fastRead } from '../src/fast-lane.js';
import { readArguments } from '../src/program.js';

const GLOBAL_FLAGS = GLOBAL_OPTIONS.map(readFlag);
const VALUES = [
  'google',
  'work',
  '5m',
  '',
  '0',
  'a=b',
  'list',
  'token',
  'x y',
  '-',
  '--',
  '-5',
  '--json',
  '--as',
];
const JUNK = [
  '--bogus',
  '-x',
  '--help',
  '-h',
  '--version',
  '-V',
  '--min',
  '-jq',
  '--no-json',
  '--browser',
  '--=',
  '--json=1',
  'help',
  'status',
];

/** Command lines made of the options of a command and of its subcommands, the global ones, values and nonsense, in any order. */
function commandLines(name: string, command: Command): fc.Arbitrary<string[]> {
  const { subcommands = [] } = command;
  const flags = [
    ...[command, ...subcommands].flatMap(({ options }) => options.map(readFlag)),
    ...GLOBAL_FLAGS,
  ];
  const path = fc.constantFrom([name], ...subcommands.map((subcommand) => [name, subcommand.name]));
  const value = fc.constantFrom(...VALUES);
  const option = fc.constantFrom(...flags).chain(({ long, takesValue }) => {
    const bare = fc.constant([long]);
    const attached = value.map((text) => [`${long}=${text}`]);
    const separate = value.map((text) => [long, text]);
    return takesValue
      ? fc.oneof({ weight: 6, arbitrary: separate }, { weight: 3, arbitrary: attached }, bare)
      : fc.oneof({ weight: 9, arbitrary: bare }, attached);
  });
  const word = fc.oneof(
    { weight: 8, arbitrary: option },
    { weight: 4, arbitrary: value.map((text) => [text]) },
    { weight: 1, arbitrary: fc.constantFrom(...JUNK).map((text) => [text]) },
  );
  const words = fc.array(word, { maxLength: 5 }).map((parts) => parts.flat());
  const before = fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, words);
  return fc.tuple(before, path, words).map((parts) => parts.flat());
}

async function withCommander(argv: readonly string[]) {
  const read = await readArguments(argv);
  if ('text' in read) throw new Error('commander would print help');
  const { name: _, ...reading } = read;
  return reading;
}

describe.each(COMMANDS)('the fast lane for vault $name', (entry) => {
  it('reads what commander reads, if it answers at all', async () => {
    const command = await entry.load();
    let answered = 0;
    const agree = async (argv: string[]) => {
      const fast = await fastRead(argv);
      if (fast === null) return;
      answered += 1;
      expect(await withCommander(argv)).toEqual(fast);
    };
    await fc.assert(fc.asyncProperty(commandLines(entry.name, command), agree), { numRuns: 800 });
    // A command that needs two arguments gets them by chance only now and then.
    expect(answered).toBeGreaterThan(5);
  });
});

describe('the fast lane', () => {
  it.each([
    [['token']],
    [['token', 'google', '--min-valid', '30m', '--format=header']],
    [['--json', '--profile', 'work', 'list', '--expiring', '3d']],
    [['login', 'google', '--scope', 'a', '--scope', 'b', '--no-browser']],
    [['refresh', 'google/a', 'google/b', '--force']],
  ])('takes %j', async (argv) => {
    expect(await fastParse(argv)).toMatchObject({ kind: 'run' });
  });

  it.each([
    [[]],
    [['--help']],
    [['token', '--help']],
    [['--version']],
    [['tokne']],
    [['token', '--min-vali', '5m']],
    [['token', '--min-valid']],
    [['token', '--min-valid', '--json']],
    [['token', '--refresh=yes']],
    [['token', 'a', 'b']],
    [['exec']],
    [['token', '--', 'google']],
    [['token', '--min-valid', 'soon']],
    [['--profile', '', 'token']],
    [['google', 'token']],
  ])('leaves %j to commander', async (argv) => {
    expect(await fastParse(argv)).toBeNull();
  });
});
