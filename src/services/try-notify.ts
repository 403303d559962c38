import { VaultError } from '../domain/errors.js';
import { quoted } from './login-command.js';
import { failureOf, type NotifyDeps } from './notify.js';
import { testDocument } from './notify-event.js';

/**
 * Runs the user's notify command with an example of an event.
 *
 * @throws VaultError `config_invalid` when it does not take it
 */
export async function tryNotify(
  deps: Pick<NotifyDeps, 'command' | 'run' | 'clock' | 'profile' | 'place'>,
): Promise<void> {
  const document = JSON.stringify(testDocument(deps.clock.now(), deps));
  const failure = failureOf(await deps.run(deps.command, `${document}\n`));
  if (failure === null) return;
  const byHand = deps.command.map(quoted).join(' ');
  throw new VaultError('config_invalid', `the notify command ${failure.says}`, {
    hint: `run it by hand, and see what it says: echo ${quoted(document)} | ${byHand}`,
  });
}
