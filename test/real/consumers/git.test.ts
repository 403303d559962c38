import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DemoStage, openDemoStage } from '../../harness/demo-stage.js';
import { type GitServer, startGitServer } from '../../harness/git-server.js';
import { needs } from '../../harness/parts.js';

let stage: DemoStage;
let server: GitServer;
beforeEach(async (context) => {
  needs(context, 'git', 'the built command line');
  stage = await openDemoStage();
  server = await startGitServer(join(stage.home.root, 'server'), stage.demo.endpoints.userinfo);
  expect(await stage.logIn()).toMatchObject({ exitCode: 0 });
});
afterEach(async () => {
  await server.close();
  expect(await stage.close()).toEqual([]);
});

async function git(...args: string[]) {
  const child = spawn('git', args, {
    cwd: stage.home.home,
    env: { ...stage.home.env, GIT_TERMINAL_PROMPT: '0', GIT_CONFIG_NOSYSTEM: '1' },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += part));
  const [exitCode] = await once(child, 'close');
  return { exitCode, text };
}

const connect = (...more: string[]) => stage.vault(['connect', 'git', 'demo', '--for', server.host, ...more]);

it('clones and pushes with connect --install as the only configuration', async () => {
  expect(await connect('--install')).toMatchObject({ exitCode: 0, stdout: '' });
  expect(await git('clone', `http://${server.host}/r.git`, 'r')).toMatchObject({ exitCode: 0 });
  writeFileSync(join(stage.home.home, 'r', 'file'), 'text');
  const me = ['-c', 'user.name=a', '-c', 'user.email=a@example.com'];
  expect(await git('-C', 'r', 'add', 'file')).toMatchObject({ exitCode: 0 });
  expect(await git('-C', 'r', ...me, 'commit', '-qm', 'file')).toMatchObject({ exitCode: 0 });
  expect(await git('-C', 'r', 'push', '-q', 'origin', 'HEAD:main')).toMatchObject({ exitCode: 0 });
  expect(server.accepted.length).toBeGreaterThan(2);
});

it('gets another token after the server refused the stored one', async () => {
  await connect('--install');
  stage.tokenRequests();
  server.blocked.add((await stage.vault(['token', 'demo'])).stdout.trim());
  expect((await git('ls-remote', `http://${server.host}/r.git`)).exitCode).not.toBe(0);
  expect(server.refused).toBeGreaterThan(0);
  expect(stage.tokenRequests()).toBe(1);
  expect(await git('ls-remote', `http://${server.host}/r.git`)).toMatchObject({ exitCode: 0 });
  expect(stage.tokenRequests()).toBe(0);
});

it('keeps the token from helpers that store what others answer', async () => {
  const stored = join(stage.home.root, 'stored');
  writeFileSync(join(stage.home.home, '.gitconfig'), `[credential]\n\thelper = store --file ${stored}\n`);
  await connect('--install');
  expect(await git('ls-remote', `http://${server.host}/r.git`)).toMatchObject({ exitCode: 0 });
  expect(existsSync(stored)).toBe(false);
});

it.each([
  ['no file', null],
  ['a file without a line break at its end', '[user]\n\tname = a'],
  ['a usual file', '[user]\n\tname = a\n'],
])('leaves %s byte for byte as it was after --remove', async (_, text) => {
  const file = join(stage.home.home, '.gitconfig');
  if (text !== null) writeFileSync(file, text, { mode: 0o640 });
  await connect('--install');
  expect(readFileSync(file, 'utf8')).toContain('helper git demo/ada@example.com');
  expect(await connect('--remove')).toMatchObject({ exitCode: 0 });
  expect(existsSync(file) ? readFileSync(file, 'utf8') : null).toBe(text);
});

it('is listed with its hosts and undone under either name after a rename', async () => {
  const run = (...words: string[]) => stage.vault(['connect', 'git', ...words]);
  for (const host of ['one.example', 'two.example'])
    expect((await run('demo', '--for', host, '--install')).stderr).toContain(
      `undo: vault connect git demo/ada@example.com --for ${host} --remove`,
    );
  await stage.vault(['rename', 'demo', 'you']);
  expect((await stage.vault(['connect'])).stdout).toMatch(
    /demo\/you \(one\.example\), demo\/you \(two\.example\)/,
  );
  expect(await run('demo/you', '--for', 'https://one.example', '--remove')).toMatchObject({ exitCode: 0 });
  expect(await run('demo/ada@example.com', '--remove')).toMatchObject({ exitCode: 0 });
  expect(existsSync(join(stage.home.home, '.gitconfig'))).toBe(false);
});

it('removes only its own lines from a file that was changed since', async () => {
  const file = join(stage.home.home, '.gitconfig');
  writeFileSync(file, '[user]\n\tname = a\n');
  await connect('--install');
  writeFileSync(file, `${readFileSync(file, 'utf8')}[core]\n\teditor = vi\n`);
  await connect('--remove');
  expect(readFileSync(file, 'utf8')).toBe('[user]\n\tname = a\n[core]\n\teditor = vi\n');
});

it.each([
  ['https://git.example.com', 'https://git.example.com'],
  ['git.example.com/', 'https://git.example.com'],
  ['HTTPS://git.example.com:8443/team', 'https://git.example.com:8443'],
])('takes the host out of %s', async (target, url) => {
  const { stdout } = await stage.vault(['connect', 'git', 'demo', '--for', target]);
  expect(stdout).toContain(`[credential "${url}"]`);
});

it('says that no host was named where its helper is typed by hand', async () => {
  expect(await stage.vault(['helper', 'git', 'demo', 'get'])).toMatchObject({
    stdout: '',
    stderr: expect.stringContaining('no host was named on stdin'),
  });
});

it.each(['http://git.example.com', 'ftp://git.example.com'])('connects nothing to %s', async (target) => {
  expect(await stage.vault(['connect', 'git', 'demo', '--for', target])).toMatchObject({
    exitCode: 2,
    stdout: '',
    stderr: expect.stringContaining('not encrypted'),
  });
});

it.each([
  ['another host', 'https', 'evil.example.com'],
  ['a host that only ends alike', 'https', 'notgit.example.com'],
  ['its host without TLS', 'http', 'git.example.com'],
  ['its host by a protocol that is not encrypted', 'ftp', 'git.example.com'],
  ['another host with a fragment', 'https', 'evil.example#.git.example.com'],
  ['another host with a query', 'https', 'evil.example?.git.example.com'],
  ['another host with a path', 'https', 'evil.example/.git.example.com'],
  ['another host behind a user', 'https', 'git.example.com:443@evil.example'],
  ['a host with a second line', 'https', 'evil.example\r.git.example.com'],
])('gives no token for %s', async (_, protocol, host) => {
  const stdin = `protocol=${protocol}\nhost=${host}\n\n`;
  const asked = ['helper', 'git', 'demo', '--for', 'git.example.com', 'get'];
  expect(await stage.vault(asked, { stdin })).toMatchObject({ exitCode: 0, stdout: '' });
});

it('keeps private copies of the files of before', async () => {
  writeFileSync(join(stage.home.home, '.gitconfig'), '[user]\n\tname = a\n', { mode: 0o644 });
  const { stderr } = await connect('--install');
  const copy = /a copy from before is in (\S+)/.exec(stderr)?.[1] ?? expect.fail(stderr);
  expect(readFileSync(copy, 'utf8')).toBe('[user]\n\tname = a\n');
  expect(statSync(copy).mode & 0o777).toBe(0o600);
});

it('refuses --id-token, which git has no use for', async () => {
  expect(await stage.vault(['helper', 'git', 'demo', '--id-token', 'get'])).toMatchObject({
    exitCode: 2,
    stdout: '',
  });
});
