import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answerConsent } from '../../src/demo/consent-walk.js';
import { attempt, type Endpoints, post, REDIRECT } from '../demo/client.js';
import type { CliRun } from './cli.js';
import { type DemoStage, openDemoStage, type StageOptions } from './demo-stage.js';
import { consenting, logIn } from './login.js';

/** A demo stage, and a folder for the files of other tools that the leak scan does not look into. */
export interface ImportStage extends DemoStage {
  readonly folder: string;
  /** A refresh token of a login that another tool made. */
  grant(scope?: string): Promise<string>;
  /** Writes a tool's file. @returns its path */
  file(name: string, content: string | Uint8Array | object): string;
  read(path: string): string;
  /** `vault import … --json`, parsed. */
  importJson(...args: string[]): Promise<ImportDocument>;
  /** Logs in again to an account. */
  logInTo(account: string): Promise<CliRun>;
  /** What a strict server saw of refresh tokens that were used before. */
  reuses(): number;
}

export interface ImportDocument {
  readonly results: readonly Readonly<Record<string, unknown>>[];
  readonly error?: Readonly<Record<string, unknown>>;
}

export async function openImportStage(options?: StageOptions): Promise<ImportStage> {
  const stage = await openDemoStage(options);
  const folder = mkdtempSync(join(tmpdir(), 'vault-tools-'));
  return {
    ...stage,
    folder,
    async grant(scope = 'openid email notes.read') {
      const { url, verifier } = attempt(stage.demo, { scope });
      const callback = new URL(await answerConsent(url, {}));
      const { client, endpoints } = stage.demo;
      const { body } = await post(endpoints.token, {
        grant_type: 'authorization_code',
        client_id: client.id,
        ...(client.secret !== null && { client_secret: client.secret }),
        redirect_uri: REDIRECT,
        code: callback.searchParams.get('code') ?? '',
        code_verifier: verifier,
      });
      stage.tokenRequests();
      return String(body['refresh_token']);
    },
    file(name, content) {
      const path = join(folder, name);
      const text =
        typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
      writeFileSync(path, text, { mode: 0o600 });
      return path;
    },
    read: (path) => readFileSync(path, 'latin1'),
    async importJson(...args) {
      const run = await stage.vault(['import', ...args, '--json']);
      return JSON.parse(run.stdout) as ImportDocument;
    },
    logInTo: (account) => logIn(stage.home, [account], consenting()),
    reuses: () => stage.demo.log.filter(({ kind }) => kind.startsWith('reuse')).length,
    async close() {
      rmSync(folder, { recursive: true, force: true });
      return stage.close();
    },
  };
}

/** `token.json` as Google's Python library writes it. */
export function tokenJson(demo: Endpoints, refreshToken: string, more: object = {}): object {
  return {
    token: 'an-access-token-that-is-not-used',
    refresh_token: refreshToken,
    token_uri: demo.endpoints.token,
    client_id: demo.client.id,
    client_secret: demo.client.secret ?? '',
    scopes: ['openid', 'email', 'notes.read'],
    universe_domain: 'googleapis.com',
    account: '',
    expiry: '2020-01-01T00:00:00Z',
    ...more,
  };
}
