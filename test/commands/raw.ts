import { COMMANDS } from '../../src/commands/index.js';
import type { Command, RawInput } from '../../src/commands/spec.js';
import { readArguments } from '../../src/program.js';

/** What a command makes of a command line: from the words as typed, through commander, to its input. */
export async function inputOf<Input>(command: Command<Input>, line: string): Promise<Input> {
  const loaded = await Promise.all(COMMANDS.map((entry) => entry.load()));
  const entry = COMMANDS[loaded.indexOf(command as Command)];
  return command.parse(await rawOf(entry?.name ?? '', line));
}

async function rawOf(command: string, line: string): Promise<RawInput> {
  const words = line.split(' ').filter((word) => word !== '');
  const read = await readArguments([command, ...words]);
  if ('text' in read) throw new Error(`${line} asks for help`);
  return read.raw;
}
