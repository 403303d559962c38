import { afterEach, beforeEach, expect, it } from 'vitest';
import { notifyDue } from '../../../src/services/background/notify.js';
import { openVaultStage, type VaultStage } from '../stage.js';

/** A colour by C1, a turn of direction, a line separator, and a filler that shows nothing. */
const REASON = 'a\u009b31mb\u202ec\u2028d\u3164e';

let stage: VaultStage;
beforeEach(async () => {
  stage = await openVaultStage();
});
afterEach(() => stage.close());

it('the notify command gets a line that it can show on a terminal, or mail, as it is', async () => {
  await stage.add({ label: 'alice', status: 'login_needed', reason: REASON });
  const lines: string[] = [];
  await notifyDue({
    command: ['tell'],
    vault: async () => stage.vault,
    clock: stage.clock,
    audit: stage.audit,
    async run(_, input) {
      lines.push(input);
      return { kind: 'ended', exitCode: 0, stdout: Buffer.alloc(0), stderr: '' };
    },
    grantLimits: async () => [],
    warn: () => undefined,
    interruption: new AbortController().signal,
    profile: null,
    place: '/srv/vault',
  });
  expect(lines).toEqual([expect.stringMatching(/^[\x20-\x7e]+\n$/)]);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ reason: REASON });
});
