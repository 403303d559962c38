import type { Identity } from './account.js';
import { VaultError } from './errors.js';

/** In characters, not in the units JavaScript counts: a label is never cut in the middle of one. */
const LONGEST = 100;
/** No white space, no control or format characters, no slash: a name is typed in shells and split at its slash. */
const FORBIDDEN = /[\s/\p{C}]/u;
const FORBIDDEN_RUNS = /[\s/\p{C}]+/gu;

/**
 * Checks a label that a person chose with `--as`.
 *
 * @throws VaultError `usage`
 */
export function checkLabel(text: string): string {
  const { length } = [...text];
  if (length > 0 && length <= LONGEST && !FORBIDDEN.test(text)) return text;
  throw new VaultError(
    'usage',
    '--as takes the part after the slash: no space, no slash, 100 characters at most',
    { hint: 'for example: vault login google --as work' },
  );
}

/** The label an account gets by itself: the e-mail address, else the name, else the subject. */
export function labelOf(identity: Identity): string {
  for (const text of [identity.email, identity.name, identity.subject]) {
    const cut = [...(text ?? '').replace(FORBIDDEN_RUNS, '-').replace(/^-+/, '')].slice(0, LONGEST);
    const label = cut.join('').replace(/-+$/, '');
    if (label !== '') return label;
  }
  return 'account';
}
