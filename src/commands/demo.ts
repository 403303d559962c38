import type { DemoRequest, DemoTalk } from '../demo/contract.js';
import type { DemoDeps } from '../demo/walk.js';
import { harmless } from '../domain/safe-text.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { denied } from './spec.js';

/** Shows an account from login to revocation, with a local provider and a temporary vault. */
export const demo: Command<DemoRequest> = {
  arguments: [],
  options: [{ flags: '--no-browser', description: 'walk the consent page without a browser' }],
  examples: { demo: 'login, token, refresh and revoke in ten seconds' },

  parse(raw) {
    return { browser: !denied(raw, '--no-browser') };
  },

  async run({ host }, request, io) {
    const [{ runDemo, demoEnvironment }, { runThisProgram }] = await Promise.all([
      import('../demo/walk.js'),
      import('../access/programs.js'),
    ]);
    const clean = demoEnvironment(host.env);
    const runVault: DemoDeps['runVault'] = (args, env, onStderrLine) =>
      runThisProgram(host, args, { ...clean, ...env }, onStderrLine);
    await printDemo((talk) => runDemo({ runVault }, request, talk), io);
  },
};

/** Prints the demo as it happens, or as one document with `--json`. */
export async function printDemo(walk: (talk: DemoTalk) => Promise<void>, io: Io): Promise<void> {
  if (!io.json) return walk(showing(io));
  const steps: Step[] = [];
  await walk(recording(steps, io));
  io.document({ steps });
}

interface Step {
  readonly title: string;
  readonly commands: { readonly line: string; readonly stdout: string; readonly stderr: string }[];
  readonly notes: string[];
}

/** The text of the demo is its data, so it goes to stdout, as it happens. */
function showing(io: Io): DemoTalk {
  const { theme } = io;
  const print = (text: string) => {
    for (const line of text.replace(/\n$/, '').split('\n')) io.data(`${harmless(line)}\n`);
  };
  return {
    step: (title) => io.data(`\n${theme.bold(harmless(title))}\n`),
    command: (line, stdout, stderr) => {
      io.data(`${theme.cyan(`$ ${harmless(line)}`)}\n`);
      if (stderr !== '') print(stderr);
      if (stdout !== '') print(stdout);
    },
    note: (line) => io.data(`${theme.dim(harmless(line))}\n`),
  };
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
    step: (title) => steps.push({ title, commands: [], notes: [] }),
    command: (line, stdout, stderr) => current().commands.push({ line, stdout, stderr }),
    note: (line) => {
      // A page may be waiting for the user at this address.
      io.say(line);
      current().notes.push(line);
    },
  };
}
