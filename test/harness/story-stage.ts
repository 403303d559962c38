import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConsentChoice, walkConsent, walkDevice } from '../../src/demo/consent-walk.js';
import { htmlPage, serverError } from '../doubles/demo-faults.js';
import { VAULT_JS } from './cli.js';
import { type DemoStage, openDemoStage } from './demo-stage.js';
import { expectTypedHints } from './hints.js';

export interface StoryStage {
  /** @throws Error when there is no such event */
  happen(words: readonly string[]): Promise<void>;
  /** Types a line into a shell that knows `vault`, on a desktop whose browser does what the person decided. */
  type(line: string): Promise<{ exitCode: number | null; stdout: string; stderr: string }>;
  /** @returns which promises were broken */
  close(): Promise<string[]>;
}

export async function openStoryStage(): Promise<StoryStage> {
  const stage = await openDemoStage();
  // The person in a story does not let anybody wait.
  stage.demo.knobs.deviceInterval = 1;
  let choice: ConsentChoice = {};
  const desktop = await openDesktop((url) => visit(url, choice));
  const folder = join(stage.home.root, 'bin');
  mkdirSync(folder);
  script(join(folder, 'vault'), `exec "${process.execPath}" "${VAULT_JS}" "$@"`);
  script(join(folder, 'browser'), `exec "${process.execPath}" -e '${desktop.opener}' "$1"`);
  const env = {
    ...stage.home.env,
    PATH: `${folder}:${stage.home.env['PATH']}`,
    BROWSER: join(folder, 'browser'),
  };

  return {
    async happen(words) {
      const [what, ...rest] = words;
      if (what === 'person') choice = decision(rest);
      else await outside(stage, what ?? '', rest);
    },
    async type(line) {
      const child = spawn('sh', ['-c', line], {
        cwd: stage.home.home,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      const texts = { stdout: '', stderr: '' };
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        texts.stdout += chunk;
      });
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        texts.stderr += chunk;
      });
      const [exitCode, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
      stage.home.runs.push({ args: line.replace(/^vault /, '').split(/\s+/), exitCode, signal, ...texts });
      await expectTypedHints(texts);
      return { exitCode, ...texts };
    },
    async close() {
      desktop.close();
      return stage.close();
    },
  };
}

/** A page with a code in its address is that of a device login. */
function visit(url: string, choice: ConsentChoice): Promise<unknown> {
  const code = new URL(url).searchParams.get('user_code');
  return code === null ? walkConsent(url, choice) : walkDevice(url, code, choice);
}

/** `ada`, `grace`, `declines`, or `unticks SCOPE`. */
function decision([who, scope = '']: readonly string[]): ConsentChoice {
  if (who === 'ada' || who === 'grace') return { person: who };
  if (who === 'declines') return { deny: true };
  if (who === 'unticks') return { without: [scope] };
  throw new Error(`the person cannot do this: ${who}`);
}

async function outside(stage: DemoStage, what: string, rest: readonly string[]): Promise<void> {
  const amount = Number(rest[0]);
  if (what === 'lifetime') stage.demo.knobs.accessTokenLifetime = amount;
  else if (what === 'wait') await sleep(amount * 1_000);
  else if (what === 'outage') stage.demo.next('token', serverError(), amount);
  else if (what === 'web-page') stage.demo.next('token', htmlPage(), amount);
  else if (what === 'outage-ends') await endOutage(stage);
  else if (what === 'refreshes-bring') stage.demo.knobs.answerMembers = { scope: rest.join(' ') };
  else if (what === 'grants-end') stage.demo.endAllGrants();
  else if (what === 'key-moves')
    renameSync(join(stage.home.vault, 'master.key'), join(stage.home.root, 'master.key'));
  else if (what === 'key-returns')
    renameSync(join(stage.home.root, 'master.key'), join(stage.home.vault, 'master.key'));
  else throw new Error(`no such event in a story: ${what}`);
}

async function endOutage({ demo }: DemoStage): Promise<void> {
  while ((await fetch(demo.endpoints.token, { method: 'POST' })).status === 503);
}

interface Desktop {
  /** A program for `node -e` that hands its argument over. Without quotes of the shell in it. */
  readonly opener: string;
  close(): void;
}

/** What `$BROWSER` talks to. */
async function openDesktop(visit: (url: string) => Promise<unknown>): Promise<Desktop> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://127.0.0.1').searchParams.get('url') ?? '';
    response.end();
    // A page that cannot be reached shows in the login, which then ends without its code.
    visit(url).catch(() => null);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    opener: `fetch("http://127.0.0.1:${port}/?url="+encodeURIComponent(process.argv[1]))`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function script(path: string, body: string): void {
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
}
