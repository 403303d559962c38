import { count } from '../domain/wording.js';
import type { Command } from './spec.js';
import { given } from './spec.js';

/** Tells at once what other commands tell when they are done, or tries the notify command out. */
export const notify: Command<{ readonly test: boolean }> = {
  name: 'notify',
  summary: 'run the notify command for what is to be told',
  arguments: [],
  options: [{ flags: '--test', description: 'try the notify command out with an example' }],
  examples: [
    { line: 'vault notify --test', says: 'whether the command in config.json works' },
    { line: 'vault notify', says: 'tells what was not told yet; refresh and the agent do so by themselves' },
  ],

  parse: (raw) => ({ test: given(raw, '--test') }),

  async run(useCases, { test }, io) {
    if (test) await useCases.testNotify();
    const told = test ? 1 : await useCases.notify();
    if (io.json) io.document({ told, test });
    else if (test) io.say('the notify command took the example', 'green');
    else io.say(`${count(told, 'event')} told`);
  },
};
