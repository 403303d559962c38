import { describe, expect, it } from 'vitest';
import { VaultError } from '../../src/domain/errors.js';
import { fine, NotChecked } from '../../src/domain/finding.js';
import type { Check, HealthContext } from '../../src/health/contract.js';
import { runChecks } from '../../src/health/index.js';
import { clockDouble } from '../doubles/clock.js';
import { NOW } from '../doubles/terminal.js';
import { told } from './health-test.js';

const deps = { clock: clockDouble(NOW) } as unknown as HealthContext;
const check = (name: string, run: Check['run']): Check => ({ name, title: name, group: 'vault', run });
const never = new AbortController().signal;

describe('running the checks', () => {
  it('runs every check although another one fails, breaks or hangs', async () => {
    const done: string[] = [];
    const results = await runChecks(
      [
        check('fails', () =>
          Promise.reject(new VaultError('key_locked', 'it is locked', { hint: 'unlock it' })),
        ),
        check('breaks', () => Promise.reject(new TypeError('a secret'))),
        check('depends', () => Promise.reject(new NotChecked('another one tells why'))),
        check('hangs', () => new Promise(() => undefined)),
        check('works', async () => [fine('all is well')]),
      ],
      deps,
      never,
      (result) => void done.push(result.check.name),
    );
    expect(results.flatMap(({ findings }) => told(findings))).toEqual([
      'problem: it is locked',
      'problem: this check itself failed (TypeError)',
      'skipped: another one tells why',
      'warning: the check did not end within 12s',
      'ok: all is well',
    ]);
    expect(done).toHaveLength(5);
    expect(results[0]?.findings[0]).toMatchObject({ code: 'key_locked', remedy: 'unlock it' });
  });

  it('stops when it is interrupted', async () => {
    const reason = new VaultError('interrupted', 'interrupted');
    const hangs = check('hangs', () => new Promise(() => undefined));
    await expect(runChecks([hangs], deps, AbortSignal.abort(reason), () => {})).rejects.toBe(reason);
  });
});
