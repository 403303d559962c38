import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { Secret } from '../../src/domain/secret.js';

const VALUE = 'refresh-token-example';
const secret = new Secret(VALUE);

describe('a secret', () => {
  it('returns its value only by reveal', () => {
    expect(secret.reveal()).toBe(VALUE);
    expect(secret.length).toBe(VALUE.length);
  });

  it.each([
    ['put into a text', () => `token ${secret}`],
    ['added to a text', () => `token ${String(secret)}`],
    ['joined', () => [secret, secret].join(' ')],
    ['serialised', () => JSON.stringify({ secret })],
    ['inspected', () => inspect({ deep: [secret] }, { depth: 9, showHidden: true })],
    ['printed with a format', () => inspect(secret)],
    [
      'part of an error that is inspected',
      () => inspect(new VaultError('usage', 'no', { details: { secret } })),
    ],
  ])('stays hidden when it is %s', (_, print) => {
    expect(print()).toContain('[redacted]');
    expect(print()).not.toContain(VALUE);
  });

  it.each([
    ['listed', () => Object.entries(secret)],
    ['copied', () => Object.values({ ...secret })],
    ['cloned', () => inspect(structuredClone(secret))],
  ])('leaves nothing behind when it is %s', (_, take) => {
    expect(JSON.stringify(take())).not.toContain(VALUE);
  });
});
