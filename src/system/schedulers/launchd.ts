import { join } from 'node:path';
import type { JobName, Machine, Scheduler } from './contract.js';
import { plistOf } from './plist.js';
import { shellWord } from './words.js';

/** Agents of macOS. Their texts are only printed here; a person puts them into force with launchctl(1). */
export function launchd({ uid, home }: Machine): Scheduler {
  const pathOf = ({ name }: JobName) => join(home, 'Library', 'LaunchAgents', `${name}.plist`);
  const domain = `gui/${uid ?? 0}`;

  return {
    kind: 'launchd',
    // Whoever asks knows a Mac when it sees one, and there it is always there.
    available: async () => true,
    plan: (job) => ({
      block: null,
      files: [{ path: pathOf(job), text: plistOf(job) }],
      commands: [`launchctl bootstrap ${domain} ${shellWord(pathOf(job))}`],
    }),
    undo: (job) => [`launchctl bootout ${domain}/${job.name}`, `rm ${shellWord(pathOf(job))}`],
    install: async () => ({ changed: false, active: false, notes: [] }),
    uninstall: async () => false,
  };
}
