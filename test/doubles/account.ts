import type { Account } from '../../src/domain/account.js';
import { DAY, HOUR, MINUTE } from '../../src/domain/duration.js';
import { NOW } from './terminal.js';

/** An account that is well, but for what is given. Its token ends 52 minutes after the tests' instant. */
export function accountExample(given: Partial<Account> = {}): Account {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    provider: 'google',
    label: 'alice@example.com',
    issuer: 'https://accounts.google.com',
    subjectDigest: 'ab'.repeat(32),
    tokenEndpoint: 'https://oauth2.googleapis.com/token',
    clientId: 'client-example',
    generation: 3,
    status: 'active',
    reason: null,
    askedScopes: ['openid', 'email'],
    grantedScopes: ['openid', 'email'],
    tokenType: 'Bearer',
    issuedAt: NOW - 8 * MINUTE,
    expiresAt: NOW + 52 * MINUTE,
    grantExpiresAt: null,
    hasRefreshToken: true,
    idTokenExpiresAt: null,
    lastRefreshAt: NOW - 8 * MINUTE,
    lastError: null,
    failures: 0,
    retryAt: null,
    createdAt: NOW - 3 * DAY,
    updatedAt: NOW - HOUR,
    ...given,
  };
}
