import { describe, expect, it } from 'vitest';
import { check } from '../../src/commands/check.js';
import { inputOf } from './raw.js';

const DEFAULTS = { selector: null, server: null, startTls: false, user: null };

describe('vault check', () => {
  it.each([
    ['imap', { protocol: 'imap' }],
    ['smtp google', { protocol: 'smtp', selector: 'google' }],
    ['pop --server m.example', { protocol: 'pop', server: { host: 'm.example', port: null } }],
    ['imap --server m.example:143', { protocol: 'imap', server: { host: 'm.example', port: 143 } }],
    ['imap --server [2001:db8::1]:993', { protocol: 'imap', server: { host: '2001:db8::1', port: 993 } }],
    ['imap --starttls --user a@b', { protocol: 'imap', startTls: true, user: 'a@b' }],
  ])('understands "%s"', async (line, input) => {
    expect(await inputOf(check, line)).toEqual({ ...DEFAULTS, ...input });
  });

  it.each([
    ['jmap google', 'a mailbox is checked over one of: imap, smtp, pop'],
    ['imap --server m:0', '--server takes a host and a port, such as mail.example.com:993'],
    ['imap --server m:70000', '--server takes a host and a port, such as mail.example.com:993'],
    ['imap --server https://m/', '--server takes a host and a port, such as mail.example.com:993'],
    ['imap --server a\u0007b', '--server takes a host and a port, such as mail.example.com:993'],
    [
      'imap --user a\u0001b',
      'the address of the mailbox contains control characters, which the SASL string must not contain',
    ],
  ])('refuses "%s"', async (line, message) => {
    await expect(inputOf(check, line)).rejects.toMatchObject({ code: 'usage', message });
  });
});
