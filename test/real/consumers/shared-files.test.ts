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
  {
    tool: 'cargo',
    settings: [
      '.cargo/config.toml',
      null,
      '[net]\noffline = false',
      '[registry] # mine\ndefault = "a"\n\n[registries.a]\nindex = "sparse+https://a.example.com/"\n',
    ],
    program: '.cargo/bin/cargo-credential-vault',
  },
  {
    tool: 'terraform',
    settings: ['.terraformrc', null, 'plugin_cache_dir = "/c"', 'plugin_cache_dir = "/c"\n'],
    program: '.terraform.d/plugins/terraform-credentials-vault',
  },
  {
    tool: 'go',
    settings: ['.config/go/env', null, 'GOPRIVATE=a.example.com', 'GOPRIVATE=a.example.com\n'],
  },
  {
    tool: 'pip',
    settings: ['.local/bin/keyring', null],
    program: '.local/bin/keyring',
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
    expect(read(settings)).toBe(text);
  });

  it.each(settings === program ? [] : [settings])(
    'removes only its own from %s changed meanwhile',
    async () => {
      await stage.logIn(['--as', 'work'], { person: 'grace' });
      await connect('demo/ada@example.com', 'a.example.com', '--install');
      await connect('demo/work', 'b.example.com', '--install');
      const before = read(settings) ?? '';
      const [own, changed] = settings.endsWith('.json')
        ? ['"quay.io"', before.replace('"credHelpers": {', '"credHelpers": {"quay.io": "own",')]
        : ['# own', `${before}# own\n`];
      write(settings, changed);
      await connect('demo/ada@example.com', 'a.example.com', '--remove');
      await connect('demo/work', 'b.example.com', '--remove');
      expect(read(settings)).toContain(own);
      expect(read(settings)).not.toMatch(/example\.com|token-vault/);
    },
  );

  it('refuses a second account for the same host', async () => {
    await stage.logIn(['--as', 'work'], { person: 'grace' });
    await connect('demo/ada@example.com', 'a.example.com', '--install');
    const run = await connect('demo/work', 'a.example.com', '--install');
    expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('demo/ada@example.com') });
  });

  it.each([program ?? []].flat())('replaces no other program %s', async (path) => {
    write(path, '#!/bin/sh\n');
    expect(await connect('demo', 'a.example.com', '--install')).toMatchObject({ exitCode: 2 });
    expect(read(path)).toBe('#!/bin/sh\n');
  });
});
