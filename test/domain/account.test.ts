import { describe, expect, it } from 'vitest';
import { ACCOUNT_STATUSES, accountName } from '../../src/domain/account.js';

describe('an account', () => {
  it('is called provider/label', () => {
    expect(accountName({ provider: 'google', label: 'alice@example.com' })).toBe('google/alice@example.com');
  });

  it('is in one of five states', () => {
    expect(ACCOUNT_STATUSES).toEqual(['active', 'insufficient_scope', 'login_needed', 'failing', 'revoked']);
  });
});
