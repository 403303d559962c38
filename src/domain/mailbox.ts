import { VaultError } from './errors.js';

export const MAIL_PROTOCOLS = ['imap', 'smtp', 'pop'] as const;
export type MailProtocolName = (typeof MAIL_PROTOCOLS)[number];

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
