import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { needs } from '../../harness/parts.js';

/* Programs that run their helper without an account, so that all accounts share what is written for it. */

interface Shared {
  readonly tool: string;
  /** The file that holds the program's settings, and texts that it may have had before. */
  readonly settings: readonly [string, ...(string | null)[]];
  /** The program that is made, where there is one. */
  readonly program?: string;
}

const TOOLS: readonly Shared[] = [
  {
    tool: 'docker',
    settings: ['.docker/config.json', null, '{\n  "auths": {}\n}', '{"credHelpers": {"quay.io": "other"}}\n'],
    program: '.local/bin/docker-credential-vault',
  },
];

let stage: DemoStage;
beforeEach(async (context) => {
  needs(context, 'the built command line');
  stage = await openDemoStage();
  await stage.logIn();
});
afterEach(async () => {
  expect(await stage.close()).toEqual([]);
});

describe.each(TOOLS)('vault connect $tool', ({ tool, settings: [settings, ...texts], program }) => {
  const at = (path: string) => join(stage.home.home, path);
  const write = (path: string, text: string) => {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text);
  };
  const read = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), 'utf8') : null);
  const connect = (account: string, host: string, ...more: string[]) =>
    stage.vault(['connect', tool, account, '--for', host, ...more]);

  it.each(texts)('leaves %j byte for byte as it was after --remove', async (text) => {
    if (text !== null) write(settings, text);
    expect(await connect('demo', 'a.example.com', '--install')).toMatchObject({ exitCode: 0 });
    expect(read(settings)).not.toBe(text);
    expect(await connect('demo', 'a.example.com', '--remove')).toMatchObject({ exitCode: 0 });
    expect(read(settings)).toBe(text);
    if (program !== undefined) expect(read(program)).toBe(null);
  });

  it('keeps what another account needs until the last is removed', async () => {
    const text = texts.at(-1) ?? null;
    if (text !== null) write(settings, text);
    await stage.logIn(['--as', 'work'], { person: 'grace' });
    expect(await connect('demo/ada@example.com', 'a.example.com', '--install')).toMatchObject({
      exitCode: 0,
    });
    expect(await connect('demo/work', 'b.example.com', '--install')).toMatchObject({ exitCode: 0 });
    await connect('demo/ada@example.com', 'a.example.com', '--remove');
    if (program !== undefined) expect(read(program)).toContain(`helper ${tool}`);
    expect(await connect('demo/work', 'b.example.com', '--install')).toMatchObject({ exitCode: 0 });
    await connect('demo/work', 'b.example.com', '--remove');
    if (program !== undefined) expect(read(program)).toBe(null);
    if (settings.endsWith('.json'))
      expect(JSON.parse(read(settings) ?? '{}')).toEqual(JSON.parse(text ?? '{}'));
    else expect(read(settings)).toBe(text);
  });

  it('refuses a second account for the same host', async () => {
    await stage.logIn(['--as', 'work'], { person: 'grace' });
    await connect('demo/ada@example.com', 'a.example.com', '--install');
    const run = await connect('demo/work', 'a.example.com', '--install');
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('demo/ada@example.com') });
  });

  it.runIf(program !== undefined)('replaces no program of the same name that it has not made', async () => {
    write(program ?? '', '#!/bin/sh\n');
    expect(await connect('demo', 'a.example.com', '--install')).toMatchObject({ exitCode: 2 });
    expect(read(program ?? '')).toBe('#!/bin/sh\n');
  });
});
