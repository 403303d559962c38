import type { Identity } from './account.js';
import { VaultError } from './errors.js';

const LONGEST = 128;
/** No white space, no control or format characters, no slash: a name is typed in shells and split at its slash. */
const FORBIDDEN = /[\s/\p{C}]/u;
const FORBIDDEN_RUNS = /[\s/\p{C}]+/gu;

/**
 * Checks a label that a person chose.
 *
 * @throws VaultError `usage`
 */
export function checkLabel(text: string): string {
  if (text.length === 0 || text.length > LONGEST || FORBIDDEN.test(text) || text.startsWith('-')) {
    throw new VaultError('usage', 'the name of an account has no spaces, slashes or control characters, does not begin with a dash and is not longer than 128 characters', {
      hint: 'for example: --as work',
    });
  }
  return text;
}

/** The label an account gets by itself: the e-mail address, else the name, else the subject. */
export function labelOf(identity: Identity): string {
  for (const text of [identity.email, identity.name, identity.subject]) {
    const label = (text ?? '').replace(FORBIDDEN_RUNS, '-').replace(/^-+|-+$/g, '').slice(0, LONGEST);
    if (label !== '') return label;
  }
  return 'account';
}
