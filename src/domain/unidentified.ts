import type { Identity } from './account.js';

/*
 * An imported account whose provider has not said whose it is: either the import is not finished, or the grant does not let the
 * client read the identity, as one for mail alone. The subject then names the import. The identity of such an account may change
 * once, to the one that the provider reports.
 */

const PREFIX = 'urn:token-vault:imported:';

/** @param by a digest of the imported token while the import is under way; after it, the user's address or the account's label */
export function unidentifiedSubject(by: string): string {
  return `${PREFIX}${by.toLowerCase()}`;
}

export function isUnidentified({ subject }: Pick<Identity, 'subject'>): boolean {
  return subject.startsWith(PREFIX);
}
