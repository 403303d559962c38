import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoDeps } from '../../src/demo/walk.js';
import type { ChildResult } from '../../src/system/processes/child.js';
import { attempt, type Endpoints, post, redeem, refresh, type TokenAnswer } from '../demo/client.js';
import { listenOnce } from '../demo/listen-once.js';

/** Stands in for the command line: enough of a vault to be led through the demo, against the real demo server. */
export interface VaultDouble extends DemoDeps {
  readonly lines: string[];
  readonly homes: Set<string>;
}

/** @param broken a command that ends with exit code 5 instead of doing its work */
export function vaultDouble(server: (home: string) => Promise<Endpoints>, broken?: string): VaultDouble {
  const accounts = new Map<string, { access: string; refresh: string }>();
  const lines: string[] = [];
  const homes = new Set<string>();
  const done = (stdout = ''): ChildResult => ({ exitCode: 0, stdout, stderr: '' });

  async function login(demo: Endpoints, say: (line: string) => void): Promise<ChildResult> {
    const listener = await listenOnce();
    const { url, verifier } = attempt(demo, { redirect_uri: listener.redirectUri });
    say('open this page to log in:');
    say(`  ${url}`);
    const code = (await listener.callback).searchParams.get('code') ?? '';
    return added(await redeem(demo, code, verifier, listener.redirectUri));
  }

  async function loginByCode(demo: Endpoints, say: (line: string) => void): Promise<ChildResult> {
    const client = { client_id: demo.client.id };
    const { body } = await post(demo.endpoints.deviceAuthorization, { ...client, scope: 'openid email' });
    say(String(body['verification_uri_complete']));
    for (;;) {
      await sleep(Number(body['interval']) * 1_100);
      const answer = await post(demo.endpoints.token, {
        ...client,
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: String(body['device_code']),
      });
      if (answer.status === 200) return added(answer);
    }
  }

  function added({ body }: TokenAnswer): ChildResult {
    const name = `demo/account-${accounts.size + 1}`;
    accounts.set(name, { access: String(body['access_token']), refresh: String(body['refresh_token']) });
    return done(`${name}\n`);
  }

  async function refreshAll(demo: Endpoints): Promise<ChildResult> {
    for (const account of accounts.values()) {
      const { body } = await refresh(demo, account.refresh);
      Object.assign(account, {
        access: String(body['access_token']),
        refresh: String(body['refresh_token']),
      });
    }
    return done();
  }

  async function revoke(demo: Endpoints, names: readonly string[]): Promise<ChildResult> {
    for (const name of names) {
      const token = accounts.get(name)?.refresh ?? '';
      await post(demo.endpoints.revoke, { client_id: demo.client.id, token });
      accounts.delete(name);
    }
    return done();
  }

  return {
    lines,
    homes,
    async runVault(args, env, onStderrLine) {
      const home = env['VAULT_HOME'] ?? '';
      homes.add(home);
      const line = args.join(' ');
      lines.push(line);
      if (broken !== undefined && line.startsWith(broken)) {
        onStderrLine('broken');
        return { exitCode: 5, stdout: '', stderr: 'broken\n' };
      }
      const demo = await server(home);
      const [verb, name = ''] = args;
      if (args.includes('--device')) return loginByCode(demo, onStderrLine);
      if (verb === 'login') return login(demo, onStderrLine);
      if (verb === 'list') return done([...accounts.keys()].join('\n'));
      if (verb === 'token') return done(`${accounts.get(name)?.access}\n`);
      if (verb === 'refresh') return refreshAll(demo);
      if (verb === 'revoke') return revoke(demo, name === '--all' ? [...accounts.keys()] : [name]);
      return done();
    },
  };
}
