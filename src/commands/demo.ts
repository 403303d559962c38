import { harmless } from '../domain/safe-text.js';
import type { DemoRequest, DemoTalk } from '../services/contract.js';
import type { Io } from '../ui/io.js';
import type { Command } from './spec.js';
import { denied } from './spec.js';

/** Shows the whole life of an account against a server of its own, in a vault that is thrown away. */
export const demo: Command<DemoRequest> = {
  name: 'demo',
  summary: 'see it all work, without an account anywhere',
  arguments: [],
  options: [{ flags: '--no-browser', description: 'walk the consent page without a browser' }],
  examples: [{ line: 'demo', says: 'login, token, refresh and revoke in ten seconds' }],

  parse(raw) {
    return { browser: !denied(raw, '--no-browser') };
  },

  async run(useCases, request, io) {
    if (!io.json) return useCases.demo(request, showing(io));
    const steps: Step[] = [];
    await useCases.demo(request, recording(steps, io));
    io.document({ steps });
  },
};

interface Step {
  readonly title: string;
  readonly commands: { readonly line: string; readonly stdout: string; readonly stderr: string }[];
  readonly notes: string[];
}

/** A demonstration is its own data: it goes to stdout, as it happens. */
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
      // It may be the address of a page that waits for the person.
      io.say(line);
      current().notes.push(line);
    },
  };
}
