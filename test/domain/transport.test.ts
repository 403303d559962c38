import { describe, expect, it } from 'vitest';
import { describeTransport, TransportFailure } from '../../src/domain/transport.js';

describe('a transport failure in words', () => {
  it.each([
    ['dns', 'api.example could not be reached: its name could not be resolved'],
    ['refused', 'api.example could not be reached: the connection was refused'],
    ['unreachable', 'api.example could not be reached: the network is unreachable'],
    [
      'proxy',
      'api.example could not be reached: the proxy is not there or did not let the connection through',
    ],
    ['tls', 'api.example could not be reached: the secure connection could not be made'],
    ['timeout', 'api.example gave no whole answer in time'],
    ['reset', 'api.example gave no whole answer: the connection broke off'],
    ['too_large', 'api.example gave no whole answer: what it sent was too large'],
    ['malformed', 'api.example gave no whole answer: what it sent was not HTTP'],
    ['aborted', 'api.example gave no whole answer: the request was cancelled'],
  ] as const)('says of %s what happened and where', (reason, words) => {
    expect(describeTransport(new TransportFailure(reason, 'maybe', 'api.example'))).toBe(words);
  });

  it('repeats nothing of what was underneath', () => {
    const cause = new Error('POST /token refresh_token=refresh-token-example');
    const failure = new TransportFailure('reset', 'maybe', 'api.example', { cause });
    expect(`${failure.message} ${describeTransport(failure)}`).not.toContain('refresh-token-example');
    expect(failure.cause).toBe(cause);
  });
});
