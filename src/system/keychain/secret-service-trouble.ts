import { readFileSync } from 'node:fs';
import { type Bus, BusFailure, CallFailure } from './dbus.js';
import { KeychainTrouble } from './keychain-failure.js';
import { processOfSecretService, SECRET_SERVICE } from './secret-service.js';

/* How what went wrong on the way to a Secret Service becomes a kind, a word about it, and a step that helps. */

const NAME = `the Secret Service (${SECRET_SERVICE})`;

/** What an error of a method means, by the end of its name. Others mean that the service does not work. */
const ERRORS: readonly (readonly [RegExp, KeychainTrouble['kind'], about: string])[] = [
  [
    /\.(ServiceUnknown|NameHasNoOwner)$/,
    'unavailable',
    `nothing on the session bus offers ${SECRET_SERVICE}`,
  ],
  [/\.Error\.Spawn\./, 'unavailable', `the session bus could not start ${NAME}`],
  [/\.(NoReply|Disconnected)$/, 'unavailable', `${NAME} went away while it was asked`],
  [/\.(TimedOut|Timeout)$/, 'timed_out', `${NAME} did not answer the session bus in time`],
  [/\.(AccessDenied|AuthFailed)$/, 'denied', `${NAME} denies access`],
  [/\.IsLocked$/, 'locked', `${NAME} is locked`],
];

const BUS = {
  absent: ['bus_missing', 'does not answer'],
  refused: ['bus_missing', 'does not let this user in'],
  broken: ['unavailable', 'broke off, or is none'],
} as const;

/** @param where the bus is, as it may be shown */
export function troubleFrom(failure: unknown, where: string): KeychainTrouble {
  if (failure instanceof KeychainTrouble) return failure;
  if (failure instanceof CallFailure) {
    const [, kind, about] = ERRORS.find(([pattern]) => pattern.test(failure.error)) ?? [];
    return new KeychainTrouble(kind ?? 'unavailable', {
      about: about ?? `${NAME} answered with an error`,
      cause: failure,
    });
  }
  if (failure instanceof BusFailure) {
    const [kind, says] = BUS[failure.kind];
    return new KeychainTrouble(kind, { about: `the session bus at ${where} ${says}`, cause: failure });
  }
  return new KeychainTrouble('unavailable', {
    about: `${NAME} gave no answer that makes sense`,
    cause: failure,
  });
}

/**
 * Names the process that does not answer, which only the bus knows.
 *
 * @param within which time, in words
 */
export async function hungService(bus: Bus, within: string): Promise<KeychainTrouble> {
  const said = `did not answer ${within}`;
  try {
    const pid = await processOfSecretService(bus);
    const { name, stopped } = aboutProcess(pid);
    return new KeychainTrouble('timed_out', {
      about: `${NAME}, ${name}, ${said}`,
      remedy: stopped
        ? `it was stopped, let it go on: kill -CONT ${pid}`
        : `end it, the session bus starts it again when it is asked: kill -9 ${pid}`,
    });
  } catch (cause) {
    return new KeychainTrouble('timed_out', { about: `${NAME} ${said}`, cause });
  }
}

/** Its own name and its state, as `/proc/pid/stat` has them (proc(5)). */
function aboutProcess(pid: number): { readonly name: string; readonly stopped: boolean } {
  const [, name = '', state] = /\((.*)\) (.) /s.exec(statOf(pid)) ?? [];
  return { name: name === '' ? `process ${pid}` : `process ${pid} (${name})`, stopped: state === 'T' };
}

function statOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    // Not every system has it.
    return '';
  }
}
