import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBrowser } from '../../src/system/browser.js';
import { detectEnvironment } from '../../src/system/desktop-environment.js';

const URL_TO_OPEN = 'https://issuer.example/authorize?state=a%20b&x=$(id)';

let folder: string;
let record: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'browser-'));
  record = join(folder, 'record');
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** A program that notes its arguments and environment and then ends. */
function program(name: string, exitCode = 0): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!/bin/sh\nprintf '%s\\n' "$0" "$@" > '${record}'\n/usr/bin/env > '${record}.env'\nexit ${exitCode}\n`,
  );
  chmodSync(path, 0o755);
  return path;
}

function seen(): string[] {
  return existsSync(record) ? readFileSync(record, 'utf8').trimEnd().split('\n') : [];
}

function open(env: Record<string, string>, url = URL_TO_OPEN, platform: NodeJS.Platform = 'linux') {
  const bare = { exists: () => false, read: () => '', user: () => null, hostname: () => 'host' };
  return createBrowser({ env, platform }, detectEnvironment({ env, platform, ...bare })).open(url);
}

describe('with $BROWSER', () => {
  it('starts that program with the address as one argument', async () => {
    const browser = program('browser');
    expect(await open({ BROWSER: browser })).toBe(true);
    expect(seen()).toEqual([browser, URL_TO_OPEN]);
  });

  it('tries the next one if one is missing or fails', async () => {
    const broken = program('broken', 1);
    const browser = program('browser');
    expect(await open({ BROWSER: `/nowhere/browser:${broken}:${browser} --new-window %s --quiet` })).toBe(
      true,
    );
    expect(seen()).toEqual([browser, '--new-window', URL_TO_OPEN, '--quiet']);
  });

  it('reports that none of them starts', async () => {
    expect(await open({ BROWSER: `/nowhere/browser:${program('broken', 3)}` })).toBe(false);
  });

  it('counts a running program as started, and lets it run', async () => {
    const path = join(folder, 'slow');
    writeFileSync(path, `#!/bin/sh\necho $$ > '${record}'\nexec sleep 30\n`);
    chmodSync(path, 0o755);
    expect(await open({ BROWSER: path, PATH: '/usr/bin:/bin' })).toBe(true);
    const pid = Number(seen()[0]);
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid);
  });

  it.each(['none', 'None', '', ' ', ':'])(
    'opens nothing if it is %j, with or without a display',
    async (value) => {
      program('xdg-open');
      expect(await open({ BROWSER: value, DISPLAY: ':0', PATH: folder })).toBe(false);
      expect(seen()).toEqual([]);
    },
  );
});

describe('without $BROWSER', () => {
  it('starts xdg-open if there is a display', async () => {
    const opener = program('xdg-open');
    expect(await open({ WAYLAND_DISPLAY: 'wayland-0', PATH: folder })).toBe(true);
    expect(seen()).toEqual([opener, URL_TO_OPEN]);
  });

  it('starts the Windows browser in WSL, whatever display Linux has', async () => {
    program('xdg-open');
    const launcher = program('wslview');
    expect(await open({ WSL_DISTRO_NAME: 'Debian', DISPLAY: ':0', PATH: folder })).toBe(true);
    expect(seen()).toEqual([launcher, URL_TO_OPEN]);
  });

  it('reports that xdg-open finds no browser', async () => {
    program('xdg-open', 3);
    expect(await open({ DISPLAY: ':0', PATH: folder })).toBe(false);
  });

  it('uses its own list of browsers if there is no xdg-open', async () => {
    const browser = program('x-www-browser');
    vi.stubEnv('PATH', `${folder}:/usr/bin:/bin`);
    vi.stubEnv('DISPLAY', ':0');
    vi.stubEnv('BROWSER', undefined);
    vi.stubEnv('XDG_DATA_DIRS', folder);
    vi.stubEnv('HOME', folder);
    expect(await open({ DISPLAY: ':0', PATH: '/nowhere' })).toBe(true);
    await vi.waitFor(() => expect(seen()).toEqual([browser, URL_TO_OPEN]), { timeout: 10_000 });
  });

  it.each<[NodeJS.Platform, Record<string, string>]>([
    ['linux', {}],
    ['linux', { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }],
    ['darwin', { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' }],
    ['win32', { SSH_TTY: '/dev/pts/0' }],
  ])('opens nothing on %s with %j, where it would not be visible', async (platform, env) => {
    program('xdg-open');
    expect(await open({ ...env, PATH: folder }, URL_TO_OPEN, platform)).toBe(false);
    expect(seen()).toEqual([]);
  });
});

describe('a program in the current directory', () => {
  const before = process.cwd();
  beforeEach(() => process.chdir(folder));
  afterEach(() => process.chdir(before));

  it.each([':/nowhere', '/nowhere:', '/nowhere:.:bin', './:/nowhere'])(
    'is not started if PATH is %j',
    async (path) => {
      program('xdg-open');
      expect(await open({ DISPLAY: ':0', PATH: path })).toBe(false);
      expect(await open({ BROWSER: 'xdg-open', PATH: path })).toBe(false);
      expect(seen()).toEqual([]);
    },
  );

  it('is not the folder in which a browser runs', async () => {
    const path = join(folder, 'where');
    writeFileSync(path, `#!/bin/sh\npwd > '${record}'\n`);
    chmodSync(path, 0o755);
    expect(await open({ BROWSER: path, PATH: '/usr/bin:/bin' })).toBe(true);
    expect(seen()).toEqual(['/']);
  });
});

describe('the opened address', () => {
  it.each([
    'file:///etc/passwd',
    'javascript:alert(1)',
    'http://issuer.example/authorize',
    'https://user:word@issuer.example/',
    '--version',
    'issuer.example',
    'https://issuer.example/\nsecond',
    '',
  ])('is not %j', async (url) => {
    expect(await open({ BROWSER: program('browser') }, url)).toBe(false);
    expect(seen()).toEqual([]);
  });

  it('may be an http address of this machine', async () => {
    const browser = program('browser');
    expect(await open({ BROWSER: browser }, 'http://127.0.0.1:8080/authorize')).toBe(true);
    expect(seen()).toEqual([browser, 'http://127.0.0.1:8080/authorize']);
  });
});

describe('the environment of a browser', () => {
  it('contains the variables for display and session, and no others', async () => {
    const kept = {
      PATH: '/usr/bin:/bin',
      DISPLAY: ':7',
      LC_TIME: 'C',
      XDG_RUNTIME_DIR: '/run/user/1',
      LANG: 'C',
    };
    const withheld = {
      GOOGLE_CLIENT_SECRET: 'client-secret-example',
      VAULT_KEY_FILE: '/key-file-example',
      HTTPS_PROXY: 'http://user:word@proxy.example',
      NODE_OPTIONS: '--no-warnings',
    };
    await open({ ...kept, ...withheld, BROWSER: program('browser') });
    const lines = readFileSync(`${record}.env`, 'utf8').trimEnd().split('\n');
    const names = lines
      .map((line) => line.split('=', 1)[0])
      .filter((name) => name !== '_' && name !== 'PWD' && name !== 'SHLVL' && name !== 'OLDPWD');
    expect(names.sort()).toEqual(Object.keys(kept).sort());
  });
});
