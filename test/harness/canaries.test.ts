import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCanaries } from './canaries.js';
import type { CliRun } from './cli.js';
import { brokenPromises } from './promises.js';
import { makeTempHome, type TempHome } from './temp-home.js';

const SECRET = 'refresh-token/example+0123456789';
const TOKEN = 'access-token-example-0123456789';

let home: TempHome;
beforeEach(() => {
  home = makeTempHome();
});
afterEach(() => home.remove());

function traces(): string[] {
  const canaries = createCanaries();
  canaries.secret(SECRET);
  canaries.accessToken(TOKEN);
  return canaries.traces(home);
}

function ran(run: Partial<CliRun>): void {
  home.runs.push({ args: ['list'], exitCode: 0, signal: null, stdout: '', stderr: '', ...run });
}

describe('the leak scan', () => {
  it('finds nothing in clean output', () => {
    ran({ stdout: 'a/b\n', stderr: 'nothing to see' });
    expect(traces()).toEqual([]);
  });

  const inFiles: readonly (readonly [string, (secret: string) => string | Buffer])[] = [
    ['as it is', (secret) => `x${secret}y`],
    ['cut off at the front', (secret) => secret.slice(-18)],
    ['in hex', (secret) => Buffer.from(secret).toString('hex')],
    ['percent-encoded', (secret) => encodeURIComponent(secret)],
    ['in base64', (secret) => Buffer.from(secret).toString('base64')],
    ['in base64 behind one byte', (secret) => Buffer.from(`x${secret}yz`).toString('base64')],
    ['in base64url behind two bytes', (secret) => Buffer.from(`xy${secret}z`).toString('base64url')],
  ];
  it.each(inFiles)('finds a secret in a file: %s', (_, encode) => {
    const folder = join(home.vault, 'deep', 'down');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'file'), encode(SECRET));
    expect(traces()).not.toEqual([]);
  });

  it('allows an access token only on the stdout of the token command', () => {
    ran({ args: ['token', 'a'], stdout: `${TOKEN}\n` });
    expect(traces()).toEqual([]);
    ran({ args: ['token', 'a'], stderr: TOKEN });
    expect(traces()).not.toEqual([]);
  });

  it('allows the token command to print no other secret', () => {
    ran({ args: ['token', 'a'], stdout: `${SECRET}\n` });
    expect(traces()).not.toEqual([]);
  });

  it('finds the master key outside its own file', () => {
    const key = Buffer.alloc(32, 7).toString('base64url');
    writeFileSync(join(home.vault, 'master.key'), `${key}\n`);
    expect(brokenPromises(home, createCanaries())).toEqual([]);
    writeFileSync(join(home.vault, 'security.log'), key);
    expect(brokenPromises(home, createCanaries())).not.toEqual([]);
  });
});

describe('the promises about output', () => {
  it.each([
    ['a token without its newline', { args: ['token'], stdout: 'abc' }],
    ['two lines', { args: ['token'], stdout: 'abc\nabc\n' }],
    ['nothing, though it succeeded', { args: ['token'] }],
    ['something, though it failed', { args: ['token'], exitCode: 4, stdout: 'abc\n' }],
    ['colour in a pipe', { stdout: '\u001b[32mgreen\u001b[0m\n' }],
    ['a stack trace', { stderr: 'Error: x\n    at run (/a/b.js:1:2)\n' }],
  ] as const)('are broken by %s', (_, run) => {
    ran(run);
    expect(brokenPromises(home, createCanaries())).toHaveLength(1);
  });
});
