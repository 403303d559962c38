import { describe, expect, it } from 'vitest';
import { describeTransport, TransportFailure, transportHint } from '../../src/domain/transport.js';

describe('a transport failure in words', () => {
  it.each([
    ['dns', 'api.example could not be reached: its name could not be resolved'],
    ['refused', 'api.example could not be reached: the connection was refused'],
    ['unreachable', 'api.example could not be reached: the network is unreachable'],
    ['proxy', 'api.example could not be reached: the proxy is unavailable or refused the connection'],
    ['tls', 'api.example could not be reached: the secure connection could not be made'],
    ['timeout', 'api.example sent no complete answer in time'],
    ['reset', 'api.example sent no complete answer: the connection broke off'],
    ['too_large', 'api.example sent no complete answer: its answer was too large'],
    ['malformed', 'api.example sent no complete answer: its answer was not HTTP'],
    ['aborted', 'api.example sent no complete answer: the request was cancelled'],
    [
      'foreign_listener',
      'api.example was sent nothing: the program that listens there belongs to another user',
    ],
    [
      'unknown_listener',
      'api.example was sent nothing: the system does not report which user runs the server there',
    ],
  ] as const)('describes what happened and where for %s', (reason, words) => {
    expect(describeTransport(new TransportFailure(reason, 'maybe', 'api.example'))).toBe(words);
  });

  it('has a hint with the setting that allows a program of another user', () => {
    const hint = (reason: 'foreign_listener' | 'unknown_listener' | 'reset') =>
      transportHint(new TransportFailure(reason, 'no', 'localhost:8080'), 'try again');
    expect(hint('foreign_listener')).toMatch(/^ss -ltnp 'sport = :8080' .*\n.*"insecureLoopback": true/);
    expect(hint('unknown_listener')).toContain('"insecureLoopback": true');
    expect(hint('reset')).toBe('try again');
  });

  it('repeats nothing of the underlying error', () => {
    const cause = new Error('POST /token refresh_token=refresh-token-example');
    const failure = new TransportFailure('reset', 'maybe', 'api.example', { cause });
    expect(`${failure.message} ${describeTransport(failure)}`).not.toContain('refresh-token-example');
    expect(failure.cause).toBe(cause);
  });
});

describe('a certificate that is not trusted', () => {
  it.each([
    ['unknown_issuer', 'an authority that is not trusted here', 'NODE_EXTRA_CA_CERTS=/path/to/ca.pem'],
    ['expired', 'has expired', 'date -u'],
    ['not_yet_valid', 'is not valid yet', 'date -u'],
    ['wrong_host', 'is for another host name', 'config.json'],
  ] as const)('describes %s and what helps', (certificate, words, hint) => {
    const failure = new TransportFailure('tls', 'no', 'api.example', { certificate });
    expect(describeTransport(failure)).toContain(`api.example could not be reached: its certificate`);
    expect(describeTransport(failure)).toContain(words);
    expect(transportHint(failure, 'check the network')).toContain(hint);
  });

  it('is the only failure with a hint of its own', () => {
    expect(transportHint(new TransportFailure('tls', 'no', 'api.example'), 'the usual')).toBe('the usual');
  });
});
