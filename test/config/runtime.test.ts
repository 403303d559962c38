import { describe, expect, it } from 'vitest';
import { assertNoDebugger, ignoredVariable } from '../../src/config/runtime.js';

const invalid = (message: RegExp) =>
  expect.objectContaining({
    code: 'config_invalid',
    exitCode: 2,
    message: expect.stringMatching(message),
    hint: expect.any(String),
  });

describe('a Node that exposes secrets', () => {
  it.each([
    ['--inspect', /--inspect,/],
    ['--inspect=0.0.0.0:9229', /--inspect,/],
    ['--inspect-brk', /--inspect-brk,/],
    ['--inspect_brk=0', /--inspect-brk,/],
    ['--inspect-wait', /--inspect-wait,/],
    ['--require /tmp/spy.js', /--require,/],
    ['-r /tmp/spy.js', /-r,/],
    ['--import=data:text/javascript,1', /--import,/],
    ['--loader ./spy.mjs', /--loader,/],
    ['--experimental-loader=./spy.mjs', /--experimental-loader,/],
    ['--max-old-space-size=100 --tls-keylog=/tmp/keys', /--tls-keylog,/],
    ['--trace-tls', /--trace-tls,/],
    ['--report-on-fatalerror', /--report-on-fatalerror,/],
    ['--heapsnapshot-signal=SIGUSR2', /--heapsnapshot-signal,/],
    ['"--require" "/tmp/a spy.js"', /--require,/],
    ['"--\\require=/tmp/spy.js"', /--require,/],
    ['--re"qu\\ire"=/tmp/spy.js', /--require,/],
    ['--experimental-policy=/tmp/policy.json', /--experimental-policy,/],
    ['--snapshot-blob=/tmp/spy.blob', /--snapshot-blob,/],
    ['--build-snapshot', /--build-snapshot,/],
    ['--openssl-config=/tmp/engine.cnf', /--openssl-config,/],
    ['--openssl-shared-config', /--openssl-shared-config,/],
    ['--env-file=/tmp/spy.env', /--env-file,/],
    ['--env-file-if-exists=/tmp/spy.env', /--env-file-if-exists,/],
    ['--experimental-config-file=/tmp/spy.json', /--experimental-config-file,/],
    ['--experimental-default-config-file', /--experimental-default-config-file,/],
    ['--trace-event-categories=node.http', /--trace-event-categories,/],
    ['--heap-prof', /--heap-prof,/],
    ['--heap-prof-dir=/tmp', /--heap-prof-dir,/],
    ['--cpu-prof', /--cpu-prof,/],
    ['--perf-prof', /--perf-prof,/],
    ['--perf-basic-prof-only-functions', /--perf-basic-prof-only-functions,/],
    ['--prof', /--prof,/],
  ])('is refused: NODE_OPTIONS=%s', (options, message) => {
    expect(() => assertNoDebugger({ NODE_OPTIONS: options }, [])).toThrow(invalid(message));
  });

  it.each([
    '',
    '--max-old-space-size=4096',
    '--enable-source-maps --no-warnings',
    '--use-openssl-ca',
    '--title="--require"',
    '--title="a \\" --require b"',
    '--trace-warnings',
    '--dns-result-order=ipv4first',
  ])('is not assumed with NODE_OPTIONS=%s', (options) => {
    expect(() => assertNoDebugger({ NODE_OPTIONS: options }, [])).not.toThrow();
  });

  it('is refused by its own options', () => {
    expect(() => assertNoDebugger({}, ['--no-warnings', '--inspect-brk=0'])).toThrow(
      invalid(/--inspect-brk,/),
    );
    expect(() => assertNoDebugger({}, ['--env-file=spy.env'])).toThrow(invalid(/--env-file,/));
    expect(() => assertNoDebugger({}, ['--no-warnings'])).not.toThrow();
  });

  it('is refused with NODE_DEBUG, without the other variables in the error', () => {
    expect(() => assertNoDebugger({ NODE_DEBUG: 'http' }, [])).toThrow(invalid(/NODE_DEBUG is set/));
    expect(() => assertNoDebugger({ NODE_DEBUG: '' }, [])).not.toThrow();
  });
});

describe('an ignored variable', () => {
  it('causes a warning that certificates are checked anyway', () => {
    expect(ignoredVariable({ NODE_TLS_REJECT_UNAUTHORIZED: '0' })).toMatch(
      /is ignored.*NODE_EXTRA_CA_CERTS=/,
    );
    for (const value of ['1', '', undefined]) {
      expect(ignoredVariable({ NODE_TLS_REJECT_UNAUTHORIZED: value })).toBeNull();
    }
  });
});
