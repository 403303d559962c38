import { quoted } from '../domain/safe-text.js';
import { credentialPath, KINDS, type ScheduleInput } from './schedule.js';
import type { RawInput } from './spec.js';
import { oneOf, text } from './spec.js';

const RUNNING_OPTIONS = ['--every', '--ahead', '--concurrency'];

/**
 * `vault agent install` and `uninstall`: as a service, the agent runs with the options that it is installed with.
 *
 * @throws VaultError `usage`
 */
export function agentService(raw: RawInput, action: 'install' | 'uninstall'): ScheduleInput {
  const kind = oneOf(raw, '--kind', KINDS);
  if (action === 'uninstall') return { action: 'unschedule', request: { purpose: 'agent', kind } };
  const credential = credentialPath(raw);
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
