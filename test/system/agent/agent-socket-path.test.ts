import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  agentSocketPaths,
  assertPrivateSocket,
  claimSocketPath,
  reserveSocketFolder,
} from '../../../src/system/agent/agent-socket-path.js';
import { createFiles } from '../../../src/system/files/files.js';

/** One that no process here has, so that its folder in `/tmp` belongs to these tests. */
const STRANGER = 400_000 + process.pid;
const DEEP = `/${'d'.repeat(100)}`;

describe('the place of the agent’s socket', () => {
  const at = (data: string, platform: NodeJS.Platform = 'linux') =>
    agentSocketPaths({ data }, { platform, uid: STRANGER, env: {} });

  it('is in the folder of the vault, so that everything that finds the vault finds it', () => {
    expect(at('/home/ada/.local/share/token-vault')).toEqual([
      '/home/ada/.local/share/token-vault/agent/agent.sock',
    ]);
  });

  it.each([
    ['linux', 107],
    ['darwin', 103],
  ] as const)(
    'is in a folder of the user in /tmp on %s where that would be longer than %d bytes',
    (platform, most) => {
      const room = most - '/agent/agent.sock'.length;
      const fits = `/${'d'.repeat(room - 1)}`;
      expect(at(fits, platform)).toEqual([`${fits}/agent/agent.sock`]);
      const [deep] = at(`${fits}d`, platform);
      expect(deep).toMatch(new RegExp(`^/tmp/token-vault-${STRANGER}/[0-9a-f]{32}\\.sock$`));
      expect(at(`/${'d'.repeat(room - 2)}ü`, platform)[0]).toMatch(/^\/tmp\//);
      expect(deep).not.toBe(at(`${fits}e`, platform)[0]);
    },
  );

  it('is nowhere on Windows', () => {
    const windows = { platform: 'win32', uid: undefined, env: {} } as const;
    expect(() => agentSocketPaths({ data: 'C:\\' }, windows)).toThrow(/Unix sockets/);
  });
});

describe.skipIf(process.getuid === undefined)('a possible place of the socket', () => {
  const uid = process.getuid?.() ?? 0;
  let folder = '';
  let path = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'vault-place-'));
    path = join(folder, 'agent', 'agent.sock');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const listen = async (to: string) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(to, resolve));
    chmodSync(to, 0o600);
    return server;
  };
  const refusal = (of = path) => {
    try {
      assertPrivateSocket(of, uid);
      return null;
    } catch (failure) {
      return failure;
    }
  };

  it('is the private runtime directory of the user before /tmp', () => {
    const places = (XDG_RUNTIME_DIR: string) =>
      agentSocketPaths({ data: DEEP }, { platform: 'linux', uid, env: { XDG_RUNTIME_DIR } });
    const tmp = places('').at(-1);
    const ours = places(folder);
    expect(ours).toHaveLength(places('').length + 1);
    expect([ours[0], ours.at(-1)]).toEqual([
      expect.stringMatching(new RegExp(`^${folder}/token-vault/[0-9a-f]{32}\\.sock$`)),
      tmp,
    ]);
    expect(places('relative')).toEqual(places(''));
    expect(places(join(folder, 'missing'))).toEqual(places(''));
    chmodSync(folder, 0o750);
    expect(places(folder)).toEqual(places(''));
  });

  it('is accepted if nothing is there yet, or our socket', async () => {
    expect(refusal()).toBeNull();
    mkdirSync(dirname(path), { mode: 0o700 });
    expect(refusal()).toBeNull();
    const server = await listen(path);
    expect(refusal()).toBeNull();
    server.close();
  });

  it('is refused if it is open to others, or another program uses that path', async () => {
    mkdirSync(dirname(path), { mode: 0o755 });
    expect(refusal()).toMatchObject({ exitCode: 9, hint: `chmod 700 '${dirname(path)}'` });
    chmodSync(dirname(path), 0o700);
    const server = await listen(path);
    chmodSync(path, 0o666);
    expect(refusal()).toMatchObject({ exitCode: 9, hint: `chmod 600 '${path}'` });
    server.close();
    rmSync(path, { force: true });
    writeFileSync(path, '', { mode: 0o600 });
    expect(refusal()).toMatchObject({ exitCode: 9, message: expect.stringContaining('is not a socket') });
    expect(refusal(join(path, 'below'))).toMatchObject({ message: expect.stringContaining('not a folder') });
  });

  it.skipIf(uid !== 0)('is refused if its folder or its socket belongs to another user', async () => {
    mkdirSync(dirname(path), { mode: 0o700 });
    const server = await listen(path);
    chownSync(path, STRANGER, 0);
    expect(refusal()).toMatchObject({
      exitCode: 9,
      message: `${path} belongs to another user (id ${STRANGER})`,
    });
    chownSync(dirname(path), STRANGER, 0);
    expect(refusal()).toMatchObject({
      exitCode: 9,
      message: expect.stringContaining(`belongs to another user (id ${STRANGER})`),
      hint: expect.stringContaining(`sudo rm -r '${dirname(path)}'`),
    });
    server.close();
  });

  it('in /tmp is made before it is used, so that another user cannot make it', () => {
    const [place = ''] = agentSocketPaths({ data: DEEP }, { platform: 'linux', uid: STRANGER, env: {} });
    const files = createFiles({ uid, pid: process.pid }, () => {});
    try {
      claimSocketPath(place, STRANGER, files);
      expect(statSync(dirname(place)).mode & 0o777).toBe(0o700);
      // Made by this user, it is another one's to the user it was asked for.
      expect(() => claimSocketPath(place, STRANGER, files)).toThrow(/belongs to another user/);
      const noticed: string[] = [];
      const host = { platform: 'linux', uid: STRANGER, env: {} } as const;
      reserveSocketFolder({ data: DEEP }, host, files, (line) => void noticed.push(line));
      expect(noticed).toEqual([expect.stringMatching(/^an agent for this vault could not listen: \/tmp/)]);
    } finally {
      rmSync(dirname(place), { recursive: true, force: true });
    }
    claimSocketPath(path, uid, files);
    expect(existsSync(dirname(path))).toBe(false);
  });
});
