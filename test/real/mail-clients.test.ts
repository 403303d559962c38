import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { type Dovecot, MAIL_SCOPE, startDovecot } from '../harness/dovecot.js';
import { type Shell, shellOf } from '../harness/mail-client.js';
import { missing, needs } from '../harness/parts.js';

/* Each client with what `vault connect` prints for it, to which only what is special to the test is added. */

const isHere = missing('Dovecot', 'the built command line').length === 0;
const USER = 'ada@example.com';
let stage: DemoStage;
let dovecot: Dovecot;
let shell: Shell;
let number = 0;

beforeAll(async () => {
  if (!isHere) return;
  stage = await openDemoStage();
  dovecot = await startDovecot(stage.demo);
  shell = shellOf(stage.home);
  await stage.logIn(['--scope', `openid email offline_access ${MAIL_SCOPE}`]);
});
afterAll(async () => {
  if (!isHere) return;
  await dovecot.close();
  expect(await stage.close()).toEqual([]);
});
beforeEach((context) => {
  needs(context, 'Dovecot', 'the built command line');
  number += 1;
  dovecot.deliver(USER, `letter ${number}`);
});

/** A client that fails leaves a reason in what it printed, or in the log of the server. */
async function works(line: string, stdin?: string): Promise<string> {
  const { exitCode, output } = await shell.run(line, stdin);
  expect(exitCode, `${output}\n${dovecot.log()}`).toBe(0);
  return output;
}

function maildir(name: string): string {
  const path = join(stage.home.home, name);
  for (const each of ['cur', 'new', 'tmp']) mkdirSync(join(path, each), { recursive: true });
  return path;
}

function subjectsIn(path: string): string[] {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const texts = files.map((each) => readFileSync(join(each.parentPath, each.name), 'utf8'));
  return texts.flatMap((text) => /^Subject: (.*)$/m.exec(text)?.[1]?.trim() ?? []);
}

/** What `vault connect` names the account in configurations. */
const NAME = 'demo-ada-example.com';

/** @returns what `vault connect` prints for a client, with each key replaced by its value */
async function printed(
  client: string,
  server: string,
  changes: Readonly<Record<string, string>> = {},
  which = 0,
): Promise<string> {
  const { stdout } = await stage.vault(['connect', client, 'demo', '--for', server, '--json']);
  const lines: readonly string[] = JSON.parse(stdout).changes[which].lines;
  return Object.entries(changes).reduce(
    (text, [from, to]) => {
      if (!text.includes(from)) throw new Error(`${client} is connected without ${from}:\n${text}`);
      return text.replaceAll(from, to);
    },
    `${lines.join('\n')}\n`,
  );
}

const PAGE = readFileSync(new URL('../../docs/mail.md', import.meta.url), 'utf8');

/** The message that was sent last. */
const lastSent = () => dovecot.sent.at(-1) ?? '';
const MESSAGE = 'From: ada@example.com\nTo: grace@example.com\nSubject: from msmtp\n\nHello.\n';

describe('with what vault connect printed', () => {
  it.for(['neomutt', 'mutt'] as const)('%s reads and sends mail', async (client, context) => {
    needs(context, client, 'a terminal');
    const out = join(stage.home.home, `${client}.mbox`);
    const lines = await printed(client, 'localhost', {
      'imaps://localhost/': `imaps://localhost:${dovecot.ports.imaps}/`,
      '@localhost/': `@localhost:${dovecot.ports.submissions}/`,
    });
    const trust = ['certificate_file', 'ssl_ca_certificates_file'].map(
      (each) => `set ${each} = "${dovecot.caFile}"`,
    );
    const quiet = ['set copy = no', 'set confirmcreate = no', 'set confirmappend = no', 'set quit = yes'];
    const rc = shell.file(`${client}rc`, [lines, ...trust, ...quiet, ''].join('\n'));
    await works(`${client} -F ${rc} -s 'from ${client}' grace@example.com`, 'Hello.\n');
    expect(lastSent()).toContain(`Subject: from ${client}`);
    const keys = `<tag-pattern>~A<enter><tag-prefix><copy-message>${out}<enter><exit>`;
    await works(`script -qec "${client} -F ${rc} -e 'push ${keys}'" /dev/null </dev/null`);
    expect(readFileSync(out, 'utf8')).toContain(`Subject: letter ${number}`);
  });

  async function msmtprc(auth: string): Promise<void> {
    const changes = { 'auth xoauth2': `auth ${auth}`, 'tls on': `tls on\ntls_trust_file ${dovecot.caFile}` };
    shell.file('.msmtprc', await printed('msmtp', `localhost:${dovecot.ports.submissions}`, changes));
  }

  it.for(['oauthbearer', 'xoauth2'])('msmtp sends mail with auth %s', async (auth, context) => {
    needs(context, 'msmtp');
    await msmtprc(auth);
    await works(`msmtp -a ${NAME} grace@example.com`, MESSAGE);
    expect(lastSent()).toContain('Subject: from msmtp');
  });

  it('git send-email sends a patch by msmtp', async (context) => {
    needs(context, 'git send-email', 'msmtp');
    await msmtprc('xoauth2');
    shell.file('.gitconfig', await printed('git-send-email', 'localhost'));
    const patch = shell.file('1.patch', `From: ${USER}\nSubject: [PATCH] one\n\nHello.\n---\n`);
    const names = `-c user.name=Ada -c user.email=${USER}`;
    await works(`git ${names} send-email --quiet --confirm=never --to=grace@example.com ${patch}`);
    expect(lastSent()).toContain('Subject: [PATCH] one');
  });

  it('mbsync fetches mail', async (context) => {
    needs(context, 'mbsync');
    const inbox = maildir('mbsync');
    const changes = {
      'Host localhost': `Host localhost\nCertificateFile ${dovecot.caFile}`,
      [`~/Mail/${NAME}/INBOX`]: inbox,
    };
    shell.file('.mbsyncrc', await printed('mbsync', `localhost:${dovecot.ports.imaps}`, changes));
    await works(`mbsync ${NAME}`);
    expect(subjectsIn(inbox)).toContain(`letter ${number}`);
  });

  it('getmail fetches mail', async (context) => {
    needs(context, 'getmail');
    const inbox = join(stage.home.home, 'getmail.mbox');
    const changes = {
      'server = localhost': `server = localhost\nca_certs = ${dovecot.caFile}`,
      // As root, which Dovecot needs, it delivers to no Maildir.
      'type = Maildir': 'type = MDA_external\nallow_root_commands = true',
      [`path = ~/Mail/${NAME}/`]: `path = /usr/bin/tee\narguments = ("-a", "${inbox}")`,
    };
    const rc = await printed('getmail', `localhost:${dovecot.ports.imaps}`, changes);
    shell.file(`.config/getmail/${NAME}`, rc);
    await works(`getmail --rcfile ${NAME}`);
    expect(readFileSync(inbox, 'utf8')).toContain(`Subject: letter ${number}`);
  });

  it('offlineimap fetches mail', async (context) => {
    needs(context, 'offlineimap');
    const certificates = '/etc/ssl/certs/ca-certificates.crt';
    const server = `localhost:${dovecot.ports.imaps}`;
    shell.file('.offlineimap.py', await printed('offlineimap', server));
    const rc = await printed('offlineimap', server, { [certificates]: dovecot.caFile }, 1);
    shell.file('.offlineimaprc', rc);
    await works('offlineimap -o -u basic');
    expect(subjectsIn(join(stage.home.home, 'Mail'))).toContain(`letter ${number}`);
  });

  it('aerc reads and sends mail', async (context) => {
    needs(context, 'aerc', 'a terminal');
    const changes = {
      'imaps+xoauth2://ada%40example.com@localhost': `imaps+xoauth2://ada%40example.com@localhost:${dovecot.ports.imaps}`,
      'smtps+xoauth2://ada%40example.com@localhost': `smtps+xoauth2://ada%40example.com@localhost:${dovecot.ports.submissions}`,
    };
    shell.file('.config/aerc/accounts.conf', await printed('aerc', 'localhost', changes));
    const editor = shell.file('editor', '#!/bin/sh\necho Hello. >>"$1"\n');
    chmodSync(editor, 0o700);
    // It is written in Go, which reads the authorities that it trusts from here.
    const env = { ...shell.env, SSL_CERT_FILE: dovecot.caFile, EDITOR: editor, LINES: '40', COLUMNS: '120' };
    const aerc = typeAtTerminal(['aerc'], { cwd: stage.home.home, env });
    await aerc.sees(new RegExp(`letter ${number}`));
    aerc.type(":compose -H 'To: grace@example.com' -H 'Subject: from aerc'\r");
    await aerc.sees(/Send this email/);
    aerc.type('y');
    await expect.poll(lastSent).toContain('Subject: from aerc');
    aerc.type(':quit -f\r');
    expect(await aerc.done).toMatchObject({ exitCode: 0 });
  });

  it('curl fetches and sends mail, with the token on its stdin', async (context) => {
    needs(context, 'curl');
    const [, line = ''] = /^### curl\n.*?^```sh\n(.*?)^```$/ms.exec(PAGE) ?? [];
    const curl = (place: string) =>
      line
        .replace('vault token google', 'vault token demo')
        .replace('-sS -K -', `-sS -K - --cacert ${dovecot.caFile}`)
        .replace("'imaps://imap.gmail.com/INBOX;MAILINDEX=1'", place);
    const letters = await works(curl(`'imaps://localhost:${dovecot.ports.imaps}/INBOX;MAILINDEX=1'`));
    expect(letters).toContain('Subject:');
    expect(await works(curl(`pop3s://localhost:${dovecot.ports.pop3s}/1`))).toContain('Subject:');
    const letter = shell.file('letter', MESSAGE.replace('msmtp', 'curl'));
    const to = `--mail-from ${USER} --mail-rcpt grace@example.com -T ${letter}`;
    await works(curl(`smtps://localhost:${dovecot.ports.submissions} ${to}`));
    expect(lastSent()).toContain('Subject: from curl');
  });
});
