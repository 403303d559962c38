import { fine, skipped, warning } from '../domain/finding.js';
import type { Check } from './contract.js';

const ORIGINS = { built: 'was built from source', downloaded: 'was downloaded ready-made' };

/** The native half of better-sqlite3: how it came here, and whether it is the one that was recorded. */
export const addon: Check = {
  name: 'addon',
  title: 'native addon',
  group: 'surroundings',
  async run({ addon: state, commands }) {
    const found = await state();
    if (found === null) return [skipped('the native addon of better-sqlite3 is not where it should be')];
    const { addon, sha256, file, recorded } = found;
    const what = `the native addon (${addon.release}) ${ORIGINS[addon.origin]}`;
    if (recorded === null || recorded.release !== addon.release) {
      return [fine(`${what}; SHA-256 ${sha256}, which the next login or refresh records`)];
    }
    const when = recorded.recordedAt.slice(0, 10);
    if (recorded.sha256 === sha256) return [fine(`${what}; SHA-256 ${sha256}, as recorded on ${when}`)];
    const message = `${what} and has changed without an update: its SHA-256 was ${recorded.sha256} on ${when} and is ${sha256}`;
    const remedy = `if you built or installed it anew yourself: rm ${commands.quoted(file)}\nelse install token-vault anew, then: vault doctor`;
    return [warning(message, remedy)];
  },
};
