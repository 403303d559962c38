import { count } from '../domain/wording.js';
import { notify as sendDue, testNotify } from '../services/notify/notify.js';
import { type Command, given } from './spec.js';

export const notify: Command<{ readonly test: boolean }> = {
  arguments: [],
  options: [{ flags: '--test', description: 'run the notify command with an example' }],
  examples: {
    'notify --test': 'check that the notify command in config.json works',
    notify: 'send due notifications; refresh and the agent do so automatically',
  },

  parse: (raw) => ({ test: given(raw, '--test') }),

  async run(ctx, { test }, io) {
    if (test) await testNotify(ctx);
    const sent = test ? 1 : await sendDue(ctx);
    if (io.json) io.document({ told: sent, test });
    else if (test) io.say('the notify command works', 'green');
    else io.say(`${count(sent, 'notification')} sent`);
  },
};
