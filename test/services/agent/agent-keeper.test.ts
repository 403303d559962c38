import { describe, expect, it } from 'vitest';
import { VaultError } from '../../../src/domain/errors.js';
import type { AgentEvent } from '../../../src/services/agent/agent-contract.js';
import { socketKeeper } from '../../../src/services/agent/agent-keeper.js';

describe('the keeper of the socket', () => {
  it('says once that another user has taken the place, and when the socket is back, where it is then', async () => {
    const error = new VaultError('vault_permissions', 'the folder belongs to another user');
    const tries = [null, error, error, '/run/second.sock', null];
    const open = {
      path: '/tmp/first.sock',
      async ensureSocket() {
        const next = tries.shift();
        if (next instanceof VaultError) throw next;
        open.path = next ?? open.path;
      },
    };
    const events: AgentEvent[] = [];
    const ensure = socketKeeper(open, (event) => void events.push(event));
    while (tries.length > 0) await ensure();
    expect(events).toEqual([
      { kind: 'socket', socket: null, error },
      { kind: 'socket', socket: '/run/second.sock', error: null },
    ]);
  });

  it('passes on a bug', async () => {
    const open = { path: '/tmp/first.sock', ensureSocket: () => Promise.reject(new TypeError('a bug')) };
    await expect(socketKeeper(open, () => {})()).rejects.toThrow('a bug');
  });
});
