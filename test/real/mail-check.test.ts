import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Certificate, makeCertificate } from '../doubles/certificate.js';
import { serveRaw } from '../doubles/local-server.js';
import { type ScriptedServer, scriptedServer } from '../doubles/mail-server.js';
import type { CliRun } from '../harness/cli.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { type Dovecot, MAIL_SCOPE, startDovecot } from '../harness/dovecot.js';
import { missing, needs } from '../harness/parts.js';

const isHere = missing('Dovecot', 'the built command line').length === 0;
const account = 'demo/ada@example.com';
const LOGIN = ['--scope', `openid email offline_access ${MAIL_SCOPE}`];
let stage: DemoStage;
let dovecot: Dovecot;

beforeAll(async () => {
  if (!isHere) return;
  stage = await openDemoStage();
  dovecot = await startDovecot(stage.demo);
  await stage.logIn(LOGIN);
});
afterAll(async () => {
  if (!isHere) return;
  await dovecot.close();
  expect(await stage.close()).toEqual([]);
});
beforeEach((context) => {
  needs(context, 'Dovecot', 'the built command line');
});

type Listener = keyof Dovecot['ports'];

function check(protocol: string, listener: Listener, more: readonly string[] = []): Promise<CliRun> {
  return checkAt(protocol, `localhost:${dovecot.ports[listener]}`, more);
}

/** Trusts Dovecot's certificate, unless told to trust another. */
function checkAt(
  protocol: string,
  server: string,
  more: readonly string[] = [],
  caFile = dovecot.caFile,
): Promise<CliRun> {
  const args = ['check', protocol, account, '--server', server, ...more];
  return stage.vault(args, { env: { NODE_EXTRA_CA_CERTS: caFile } });
}

async function failing(run: Promise<CliRun>) {
  const { exitCode, stdout, stderr } = await run;
  const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
  expect(error['exit_code']).toBe(exitCode);
  return { ...error, stderr } as {
    code: string;
    message: string;
    hint: string;
    exit_code: number;
    stderr: string;
  };
}

async function accessToken(): Promise<string> {
  return (await stage.vault(['token', account])).stdout.trim();
}

describe('vault check', () => {
  it.each<[string, Listener, string[]]>([
    ['imap', 'imaps', []],
    ['imap', 'imap', ['--starttls']],
    ['smtp', 'submissions', []],
    ['smtp', 'submission', ['--starttls']],
    ['pop', 'pop3s', []],
    ['pop', 'pop3', ['--starttls']],
  ])('says that %s at %s accepts the token', async (protocol, listener, more) => {
    const place = `localhost:${dovecot.ports[listener]}`;
    expect(await check(protocol, listener, more)).toMatchObject({
      exitCode: 0,
      stdout: `good: ${place} accepts ${account} for the mailbox ada@example.com (OAUTHBEARER, TLSv1.3)\n`,
      stderr: `connecting to ${place}\n`,
    });
  });

  it('prints a document with --json', async () => {
    const { stdout, stderr } = await check('imap', 'imaps', ['--json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({
      account,
      protocol: 'imap',
      server: `localhost:${dovecot.ports.imaps}`,
      starttls: false,
      tls_version: 'TLSv1.3',
      mechanism: 'OAUTHBEARER',
      user: 'ada@example.com',
      refreshed: false,
    });
  });

  it.each<[string, Listener]>([
    ['imap', 'imaps'],
    ['smtp', 'submissions'],
    ['pop', 'pop3s'],
  ])('sends a token of 3 kB over %s, for which a line may be too short', async (protocol, listener) => {
    const long = `demo-access-${'x'.repeat(3_000)}`;
    stage.canaries.accessToken(long);
    dovecot.lies.accepted.set(long, 'ada@example.com');
    stage.demo.knobs.answerMembers = { access_token: long };
    await stage.vault(['refresh', account, '--force']);
    stage.demo.knobs.answerMembers = {};
    const { stdout } = await check(protocol, listener);
    // That is this token, and not a new one.
    expect(stdout).toContain('(OAUTHBEARER, TLSv1.3)');
    await stage.vault(['refresh', account, '--force']);
  });

  it('accepts a shared mailbox with --user, and names the own one where it is refused', async () => {
    dovecot.lies.shared.set('ada@example.com', 'office@example.com');
    const user = ['--user', 'office@example.com'];
    expect(await check('imap', 'imaps', user)).toMatchObject({ exitCode: 0 });
    dovecot.lies.shared.clear();
    const refused = await failing(check('imap', 'imaps', [...user, '--json']));
    expect(refused).toMatchObject({
      code: 'mailbox_refused',
      exit_code: 11,
      message: `localhost accepts the token of ${account} for ada@example.com, but not for office@example.com`,
    });
  });

  it('gets a new token once where the stored one is refused', async () => {
    dovecot.lies.refused.add(await accessToken());
    const { exitCode, stdout, stderr } = await check('smtp', 'submissions');
    expect(exitCode).toBe(0);
    expect(stdout).toContain('with a new token');
    expect(stderr).toContain('refuses the stored token; getting a new one');
  });

  it('says that a new token is refused as well', async () => {
    const fixed = 'demo-access-that-dovecot-does-not-know';
    stage.canaries.accessToken(fixed);
    stage.demo.knobs.answerMembers = { access_token: fixed };
    await stage.vault(['refresh', account, '--force']);
    const refused = await failing(check('pop', 'pop3s', ['--json']));
    stage.demo.knobs.answerMembers = {};
    await stage.vault(['refresh', account, '--force']);
    expect(refused).toMatchObject({
      code: 'token_refused',
      exit_code: 11,
      message: `localhost:${dovecot.ports.pop3s} refuses a new token of ${account} for ada@example.com (it said: [AUTH] Authentication failed.)`,
    });
  });

  it('names the scope that the server needs and the account lacks', async () => {
    await stage.logIn(['--as', 'narrow', '--scope', 'openid email offline_access'], { person: 'grace' });
    const run = stage.vault(
      ['check', 'imap', 'demo/narrow', '--server', `localhost:${dovecot.ports.imaps}`, '--json'],
      { env: { NODE_EXTRA_CA_CERTS: dovecot.caFile } },
    );
    expect(await failing(run)).toMatchObject({
      code: 'scope_missing',
      exit_code: 7,
      message: `demo/narrow was not granted ${MAIL_SCOPE}, which localhost needs`,
      hint: expect.stringContaining(`vault login demo/narrow --add-scope ${MAIL_SCOPE}\n`),
    });
  });

  it('says that the server offers no mechanism for tokens', async () => {
    const other = await startDovecot(stage.demo, { mechanisms: 'plain' });
    const run = checkAt('imap', `localhost:${other.ports.imaps}`, ['--json'], other.caFile);
    expect(await failing(run)).toMatchObject({ code: 'mechanism_missing', exit_code: 11 });
    await other.close();
  });

  it('tells a login that has ended from a token that is refused', async () => {
    const token = await accessToken();
    dovecot.lies.refused.add(token);
    stage.demo.endAllGrants();
    expect(await failing(check('imap', 'imaps', ['--json']))).toMatchObject({
      code: 'login_needed',
      exit_code: 4,
    });
    await stage.logIn(LOGIN);
  });

  it('tries a server that is down three times', async () => {
    const down = await failing(checkAt('imap', 'localhost:9', ['--json']));
    expect(down).toMatchObject({ code: 'network_failed', exit_code: 5, stderr: '' });
    dovecot.lies.down = true;
    const { exitCode, stderr } = await check('smtp', 'submissions');
    dovecot.lies.down = false;
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(
      /localhost is not available; trying again in 1s \(2 of 3\)\n.* in 3s \(3 of 3\)\n/,
    );
    expect(stderr).toContain('454 4.7.0 Temporary authentication failure.');
  });

  it('does not connect where the certificate is not trusted or for another host', async () => {
    const untrusted = ['check', 'imap', account, '--server', `localhost:${dovecot.ports.imaps}`, '--json'];
    expect(await failing(stage.vault(untrusted))).toMatchObject({
      code: 'tls_failed',
      exit_code: 5,
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    const otherHost = await failing(checkAt('imap', `127.0.0.1:${dovecot.ports.imaps}`, ['--json']));
    expect(otherHost).toMatchObject({
      code: 'tls_failed',
      message: expect.stringContaining('its certificate is for another host name'),
    });
  });

  it('says that a port speaks another protocol, or no TLS', async () => {
    const imapAtPop = await failing(check('imap', 'pop3s', ['--json']));
    expect(imapAtPop).toMatchObject({ code: 'provider_answer_invalid', exit_code: 5 });
    const plain = await failing(check('imap', 'imap', ['--json']));
    expect(plain).toMatchObject({ code: 'tls_failed', hint: expect.stringContaining('--starttls') });
  });

  it('needs --server where the provider has no mail', async () => {
    const run = stage.vault(['check', 'imap', account, '--json']);
    expect(await failing(run)).toMatchObject({
      code: 'usage',
      exit_code: 2,
      hint: `name it: vault check imap ${account} --server imap.example.com`,
    });
  });
});

describe('vault check at a server that', () => {
  const folder = mkdtempSync(join(tmpdir(), 'vault-mail-'));
  let certificate: Certificate;
  beforeAll(() => {
    certificate = makeCertificate(folder, 'mail', 'DNS:localhost');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function at(server: ScriptedServer, protocol = 'imap') {
    const place = `localhost:${server.port}`;
    const found = await failing(checkAt(protocol, place, ['--json'], certificate.certFile));
    await server.close();
    return found;
  }

  it('has TLS 1.1 at best says that it is too old', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    const found = await at(await scriptedServer({ ...certificate, ...old }, () => ''));
    expect(found).toMatchObject({
      code: 'tls_failed',
      message: expect.stringContaining('only versions of TLS that are no longer safe'),
      hint: 'the administrator of the server has to turn on TLS 1.2 or newer',
    });
  });

  it('accepts the token and refuses the mailbox, as Exchange does, says so', async () => {
    const exchange = await scriptedServer(certificate, (line) => {
      const tag = line?.split(' ')[0] ?? '';
      if (line === null) return '* OK Microsoft Exchange IMAP4 service is ready.\r\n';
      if (/CAPABILITY/.test(line)) return `* CAPABILITY IMAP4 AUTH=XOAUTH2 SASL-IR\r\n${tag} OK done\r\n`;
      if (/AUTHENTICATE/.test(line)) return `${tag} OK AUTHENTICATE completed.\r\n`;
      return `${tag} BAD User is authenticated but not connected.\r\n`;
    });
    expect(await at(exchange)).toMatchObject({
      code: 'mailbox_unavailable',
      exit_code: 11,
      message: expect.stringContaining('(it said: User is authenticated but not connected.)'),
      hint: expect.stringContaining('Exchange'),
    });
  });

  it.each<[string, (line: string) => string]>([
    ['smtp', (line) => (/^EHLO/.test(line) ? '250-mail\r\n250 AUTH XOAUTH2\r\n' : '250 fine\r\n')],
    ['pop', (line) => (line === 'CAPA' ? '+OK\r\nSASL XOAUTH2\r\n.\r\n' : '+OK\r\n')],
    ['imap', (line) => `* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n${line.split(' ')[0]} OK done\r\n`],
  ])('offers no TLS over %s is sent no token', async (protocol, answer) => {
    const greeting = { smtp: '220 mail\r\n', pop: '+OK\r\n', imap: '* OK\r\n' }[protocol] ?? '';
    const lines: string[] = [];
    const server = await serveRaw((socket) => {
      socket.write(greeting);
      socket.on('data', (chunk) => {
        lines.push(...chunk.toString().trim().split('\r\n'));
        socket.write(answer(lines.at(-1) ?? ''));
      });
    });
    const place = `localhost:${server.port}`;
    const refused = await failing(checkAt(protocol, place, ['--starttls', '--json']));
    await server.close();
    expect(refused).toMatchObject({ code: 'tls_failed', exit_code: 5 });
    expect(lines).toEqual([expect.stringMatching(/^(?:EHLO \[127\.0\.0\.1\]|CAPA|a1 CAPABILITY)$/)]);
  });

  it('has switched the protocol off says so, and no token is spent', async () => {
    const exchange = await scriptedServer(certificate, (line) => {
      if (line === null) return '220 mail\r\n';
      if (/^EHLO/.test(line)) return '250-mail\r\n250 AUTH XOAUTH2\r\n';
      return '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.\r\n';
    });
    stage.tokenRequests();
    expect(await at(exchange, 'smtp')).toMatchObject({ code: 'policy_refused', exit_code: 11 });
    expect(stage.tokenRequests()).toBe(0);
  });

  it('repeats the token gets it into no message of ours', async () => {
    const echo = await scriptedServer(certificate, (line) =>
      line === null
        ? '220 mail\r\n'
        : /^EHLO/.test(line)
          ? '250-mail\r\n250 AUTH XOAUTH2\r\n'
          : `550 \x1b[31m${line}\r\n`,
    );
    const { message } = await at(echo, 'smtp');
    expect(message).toContain('550 \x1b[31mAUTH XOAUTH2 [redacted]');
  });
});
