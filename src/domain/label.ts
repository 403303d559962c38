import type { Identity } from './account.js';
import { VaultError } from './errors.js';

/** In characters, not in UTF-16 units: a label is never cut inside a character. */
const LONGEST = 100;
/** No white space, no control or format characters, no slash: a name is typed in shells and split at its slash. */
const FORBIDDEN = /[\s/\p{C}]/u;
const FORBIDDEN_RUNS = /[\s/\p{C}]+/gu;

/**
 * Checks a label that the user chooses.
 *
 * @param option as it is typed
 * @throws VaultError `usage`
 */
export function checkLabel(text: string, option = '--as'): string {
  const { length } = [...text];
  if (length > 0 && length <= LONGEST && !FORBIDDEN.test(text)) return text;
  throw new VaultError(
    'usage',
    `${option} takes the part after the slash: no space, no slash, 100 characters at most`,
    option === '--as' ? { hint: 'for example: --as work' } : {},
  );
}

/** The default label: the e-mail address, else the name, else the subject. */
export function labelOf(identity: Identity): string {
  for (const text of [identity.email, identity.name, identity.subject]) {
    const cut = [...(text ?? '').replace(FORBIDDEN_RUNS, '-').replace(/^-+/, '')].slice(0, LONGEST);
    const label = cut.join('').replace(/-+$/, '');
    if (label !== '') return label;
  }
  return 'account';
}
