import type { NotifyFailure } from '../../audit/events.js';
import { VaultError } from '../../domain/errors.js';
import { quoted } from '../../domain/safe-text.js';
import { failureOf, type NotifyDeps } from './notify.js';
import { eventLine, testDocument } from './notify-event.js';

/**
 * Runs the user's notify command with an example of an event.
 *
 * @throws VaultError `config_invalid` when it does not take it
 */
export async function tryNotify(
  deps: Pick<NotifyDeps, 'command' | 'run' | 'clock' | 'profile' | 'place'>,
): Promise<void> {
  const line = eventLine(testDocument(deps.clock.now(), deps));
  const failure = failureOf(await deps.run(deps.command, line));
  if (failure === null) return;
  throw new VaultError('config_invalid', `the notify command ${failure.says}`, {
    hint: hintFor(failure.code, deps.command, line.trimEnd()),
  });
}

function hintFor(why: NotifyFailure, command: readonly string[], document: string): string {
  const program = quoted(command[0] ?? '');
  switch (why) {
    case 'not_found':
      return `put ${program} there, or name another program under notify in config.json`;
    case 'not_executable':
      return `begin it with a line such as #!/bin/sh, and let it be run: chmod u+x ${program}`;
    default:
      return `run it by hand, and see what it says: echo ${quoted(document)} | ${command.map(quoted).join(' ')}`;
  }
}
