import type { DemoRequest, DemoTalk } from '../demo/contract.js';
import type { DemoDeps } from '../demo/walk.js';
import { command } from '../domain/hints.js';
import { harmless, harmlessStyled, withoutStyles } from '../domain/safe-text.js';
import type { Io } from '../ui/io.js';
import { cut, displayWidth, wrap } from '../ui/layout.js';
import { wantsColour } from '../ui/theme.js';
import type { Command } from './spec.js';
import { denied, given } from './spec.js';

interface DemoInput extends DemoRequest {
  /** Without a pause before each chapter. */
  readonly fast: boolean;
}

/** Shows an account from login to revocation, with a local provider and a temporary vault. */
export const demo: Command<DemoInput> = {
  arguments: [],
  options: [
    { flags: '--fast', description: 'do not wait for Enter before each chapter' },
    { flags: '--no-browser', description: 'walk the consent page without a browser' },
  ],
  examples: {
    demo: 'login, token, refresh and revoke, one chapter at a time',
    'demo --fast': 'all of it in ten seconds',
  },

  parse(raw) {
    return { browser: !denied(raw, '--no-browser'), fast: given(raw, '--fast') };
  },

  async run({ host }, input, io) {
    const [{ runDemo, demoEnvironment }, { runThisProgram }] = await Promise.all([
      import('../demo/walk.js'),
      import('../access/programs.js'),
    ]);
    const colour = !io.json && wantsColour(host.stdout, host.env) ? { CLICOLOR_FORCE: '1' } : {};
    const clean = { ...demoEnvironment(host.env), ...colour };
    const runVault: DemoDeps['runVault'] = (args, env, onStderrLine) =>
      runThisProgram(host, args, { ...clean, ...env }, onStderrLine);
    await printDemo((talk) => runDemo({ runVault }, input, talk), io, input.fast);
    io.say(`next: ${command('setup google', null)}`);
  },
};

/** Prints the demo as it happens, or as one document with `--json`. @param fast also at a terminal without pauses */
export async function printDemo(
  walk: (talk: DemoTalk) => Promise<void>,
  io: Io,
  fast: boolean,
): Promise<void> {
  if (!io.json) return walk(showing(io, !fast && io.interactive && io.tableWidth !== Infinity));
  const steps: Step[] = [];
  await walk(recording(steps, io));
  io.document({ steps });
}

interface Step {
  readonly title: string;
  readonly commands: { readonly line: string; stdout: string; stderr: string }[];
  readonly notes: string[];
}

/** The text of the demo is its data, so it goes to stdout, as it happens. */
function showing(io: Io, paced: boolean): DemoTalk {
  const { theme } = io;
  let begun = false;
  return {
    async step(title) {
      if (begun) io.data('\n');
      if (begun && paced) await pause(io);
      begun = true;
      io.data(`${theme.bold(harmless(title))}\n`);
    },
    command: (line) => io.data(`${theme.cyan(`$ ${harmless(line)}`)}\n`),
    output(text) {
      for (const line of text.replace(/\n$/, '').split('\n'))
        io.data(`${fitted(harmlessStyled(line), io.tableWidth)}\n`);
    },
    note: (line) => io.data(`${theme.dim(fitted(harmless(line), io.tableWidth))}\n`),
  };
}

/** Waits for Enter, and leaves no trace of it on the screen. */
async function pause(io: Io): Promise<void> {
  await io.ask('[Enter: go on, Ctrl-C: stop]');
  // ECMA-48: up one line, and erase it.
  io.screen?.stream.write('\x1b[A\x1b[2K');
}

/** Broken between words; a URL is cut, because it does not have to be copied here. */
function fitted(line: string, width: number): string {
  const plain = withoutStyles(line);
  if (displayWidth(plain) <= width) return line;
  return /^\s*https?:\S+$/.test(plain) ? cut(plain, width) : wrap(line, width).join('\n');
}

function recording(steps: Step[], io: Io): DemoTalk {
  const current = (): Step => {
    const last = steps.at(-1);
    if (last !== undefined) return last;
    const first = { title: '', commands: [], notes: [] };
    steps.push(first);
    return first;
  };
  return {
    async step(title) {
      steps.push({ title, commands: [], notes: [] });
    },
    command: (line) => void current().commands.push({ line, stdout: '', stderr: '' }),
    output(text, stream) {
      const command = current().commands.at(-1);
      if (command !== undefined) command[stream] += text;
    },
    note(line) {
      // A page may be waiting for the user at this address.
      io.say(line);
      current().notes.push(line);
    },
  };
}
