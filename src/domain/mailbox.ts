import { VaultError } from './errors.js';

/** A control character would end the address inside a SASL string. @throws VaultError `usage` */
export function checkMailbox(address: string): string {
  if (/\p{Cc}/u.test(address)) {
    throw new VaultError(
      'usage',
      'the address of the mailbox contains control characters, which the SASL string must not contain',
    );
  }
  return address;
}
