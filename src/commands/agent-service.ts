import { VaultError } from '../domain/errors.js';
import { command } from '../domain/hints.js';
import { quoted } from '../domain/safe-text.js';
import { credentialPath, KINDS, type ScheduleInput } from './schedule.js';
import type { OptionSpec, RawInput } from './spec.js';
import { oneOf, text } from './spec.js';

/** Options of `vault agent install`, besides those that the installed agent runs with. */
export const SERVICE_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '--kind <kind>',
    description: `install as: ${KINDS.join(', ')}`,
    defaultText: 'what this machine has',
  },
  { flags: '--credential-file <path>', description: 'install: the key, for the key source credential' },
];

const RUNNING_OPTIONS = ['--every', '--ahead', '--concurrency'];

/**
 * `vault agent install` and `uninstall`: as a service, the agent runs with the options that it is installed with.
 *
 * @returns null for another action
 * @throws VaultError `usage`
 */
export function agentService(raw: RawInput, action: string | null): ScheduleInput | null {
  const kind = oneOf(raw, '--kind', KINDS);
  const credential = credentialPath(raw);
  if (action === 'uninstall') return { action: 'unschedule', request: { purpose: 'agent', kind } };
  if (action !== 'install') {
    if (kind === null && credential === null) return null;
    throw new VaultError('usage', `--kind and --credential-file go with ${command('agent install')}`);
  }
  const options = RUNNING_OPTIONS.flatMap((option) => {
    const value = text(raw, option);
    return value === null ? [] : [option, value];
  });
  const words = credential === null ? options : [...options, '--credential-file', credential];
  const install = ['agent install', ...words.map(quoted)].join(' ');
  return {
    action: 'schedule',
    request: {
      purpose: 'agent',
      install: true,
      kind,
      every: null,
      args: ['agent', '--quiet', ...options],
      credential,
      typed: { show: install, install, uninstall: 'agent uninstall' },
    },
  };
}
