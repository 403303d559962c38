import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { agentSocket } from '../src/access/agent-socket.js';
import { createContext } from '../src/context.js';
import { agentStatus, stopAgent } from '../src/services/agent/agent-client.js';
import { doctor } from '../src/services/doctor/doctor.js';
import { token } from '../src/services/token/token.js';
import { agentSocketPaths } from '../src/system/agent/agent-socket-path.js';
import { hostOf } from './harness/test-context.js';

/** Nobody on this machine; what root makes in `/tmp` is another user's to them. */
const STRANGER = 500_000 + process.pid;

describe.skipIf(process.getuid?.() !== 0)(
  'a vault too deep for a socket, and another user first in /tmp',
  () => {
    let folder = '';
    let squatted = '';
    let app: ReturnType<typeof createContext>;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'vault-squat-'));
      chmodSync(folder, 0o755);
      const home = join(folder, 'd'.repeat(100));
      mkdirSync(home, { mode: 0o700 });
      chownSync(home, STRANGER, 0);
      const host = hostOf({ HOME: folder, VAULT_HOME: home }, { platform: 'linux', uid: STRANGER });
      squatted = dirname(agentSocketPaths({ data: home }, host).at(-1) ?? '');
      mkdirSync(squatted, { mode: 0o755 });
      app = createContext(host, { profile: null, envFile: null, notice: () => {} });
    });
    afterEach(async () => {
      await app.close();
      for (const each of [squatted, folder]) rmSync(each, { recursive: true, force: true });
    });

    const refused = { exitCode: 9, code: 'vault_permissions', message: expect.stringContaining(squatted) };

    it('is reported by --socket-path, agent status and doctor, without a path for curl', async () => {
      expect(() => agentSocket(app).path()).toThrow(/belongs to another user/);
      await expect(agentStatus(app)).rejects.toMatchObject(refused);
      await expect(stopAgent(app)).rejects.toMatchObject(refused);
      const results = await doctor(app, { offline: true, asCron: false }, () => {});
      const permissions = results.find(({ check }) => check.name === 'permissions');
      expect(permissions?.findings).toContainEqual(
        expect.objectContaining({ status: 'problem', message: expect.stringContaining(squatted) }),
      );
    });

    it('does not stop vault token, which asks no agent there and does the work itself', async () => {
      const request = { selector: null, minValid: 0, scopes: [], refresh: false, withIdentity: false };
      await expect(token(app, request)).rejects.toMatchObject({ code: 'account_not_found' });
    });
  },
);
