import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { type Dovecot, MAIL_SCOPE, startDovecot } from '../harness/dovecot.js';
import { type Shell, shellOf } from '../harness/mail-client.js';
import { missing, needs } from '../harness/parts.js';

/* Each client with the lines of docs/mail.md, and besides them the address and the certificate of the test's own server. */

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

/** The message that was sent last. */
const lastSent = () => dovecot.sent.at(-1) ?? '';
const MESSAGE = 'From: ada@example.com\nTo: grace@example.com\nSubject: from msmtp\n\nHello.\n';

describe('with the recipe of docs/mail.md', () => {
  it.each(['neomutt', 'mutt'] as const)('%s reads and sends mail', async (client) => {
    expect(missing(client, 'a terminal')).toEqual([]);
    const out = join(stage.home.home, `${client}.mbox`);
    const rc = shell.file(
      `${client}rc`,
      `set imap_user = "${USER}"
set imap_authenticators = "oauthbearer:xoauth2"
set imap_oauth_refresh_command = "vault token demo"
set smtp_authenticators = "oauthbearer:xoauth2"
set smtp_oauth_refresh_command = "vault token demo"
set smtp_url = "smtps://${USER.replace('@', '%40')}@localhost:${dovecot.ports.submissions}/"
set folder = "imaps://localhost:${dovecot.ports.imaps}/"
set spoolfile = "+INBOX"
set from = "${USER}"
set ssl_starttls = no
set certificate_file = "${dovecot.caFile}"
set ssl_ca_certificates_file = "${dovecot.caFile}"
set header_cache = ""
set copy = no
set confirmcreate = no
set confirmappend = no
set quit = yes
set mbox_type = mbox
`,
    );
    await works(`${client} -F ${rc} -s 'from ${client}' grace@example.com`, 'Hello.\n');
    expect(lastSent()).toContain(`Subject: from ${client}`);
    const keys = `<tag-pattern>~A<enter><tag-prefix><copy-message>${out}<enter><exit>`;
    await works(`script -qec "${client} -F ${rc} -e 'push ${keys}'" /dev/null </dev/null`);
    expect(readFileSync(out, 'utf8')).toContain(`Subject: letter ${number}`);
  });

  it.each(['oauthbearer', 'xoauth2'])('msmtp sends mail with auth %s', async (auth) => {
    const config = shell.file(
      '.msmtprc',
      `account demo
host localhost
port ${dovecot.ports.submissions}
tls on
tls_starttls off
tls_trust_file ${dovecot.caFile}
auth ${auth}
user ${USER}
from ${USER}
passwordeval vault token demo
`,
    );
    await works(`msmtp -C ${config} -a demo grace@example.com`, MESSAGE);
    expect(lastSent()).toContain('Subject: from msmtp');
  });

  it('git send-email sends a patch by msmtp', async (context) => {
    needs(context, 'git send-email', 'msmtp');
    const patch = shell.file('1.patch', `From: ${USER}\nSubject: [PATCH] one\n\nHello.\n---\n`);
    const config = join(stage.home.home, '.msmtprc');
    await works(
      `git -c user.name=Ada -c user.email=${USER} -c sendemail.sendmailCmd='msmtp -C ${config} -a demo' send-email --quiet --confirm=never --from=${USER} --to=grace@example.com ${patch}`,
    );
    expect(lastSent()).toContain('Subject: [PATCH] one');
  });

  it('mbsync fetches mail', async (context) => {
    needs(context, 'mbsync');
    const inbox = maildir('mbsync');
    const config = shell.file(
      '.mbsyncrc',
      `IMAPAccount demo
Host localhost
Port ${dovecot.ports.imaps}
User ${USER}
PassCmd "vault token demo"
AuthMechs XOAUTH2
SSLType IMAPS
CertificateFile ${dovecot.caFile}

IMAPStore demo-remote
Account demo

MaildirStore demo-local
Inbox ${inbox}

Channel demo
Far :demo-remote:
Near :demo-local:
`,
    );
    await works(`mbsync -c ${config} demo`);
    expect(subjectsIn(inbox)).toContain(`letter ${number}`);
  });

  it('getmail fetches mail', async (context) => {
    needs(context, 'getmail');
    const inbox = join(stage.home.home, 'getmail');
    mkdirSync(join(stage.home.home, 'getmail-state'));
    const config = shell.file(
      'getmailrc',
      `[retriever]
type = SimpleIMAPSSLRetriever
server = localhost
port = ${dovecot.ports.imaps}
ca_certs = ${dovecot.caFile}
username = ${USER}
use_xoauth2 = true
password_command = ("vault", "token", "demo")

[destination]
# Maildir is refused to root, as which the test has to run.
type = MDA_external
path = /usr/bin/tee
arguments = ("-a", "${inbox}")
allow_root_commands = true

[options]
read_all = true
delete = false
`,
    );
    await works(`getmail --getmaildir=getmail-state --rcfile=${config}`);
    expect(readFileSync(inbox, 'utf8')).toContain(`Subject: letter ${number}`);
  });

  it('aerc reads and sends mail', async (context) => {
    needs(context, 'aerc', 'a terminal');
    const user = USER.replace('@', '%40');
    shell.file(
      '.config/aerc/accounts.conf',
      `[demo]
source = imaps+oauthbearer://${user}@localhost:${dovecot.ports.imaps}
source-cred-cmd = vault token demo
outgoing = smtps+oauthbearer://${user}@localhost:${dovecot.ports.submissions}
outgoing-cred-cmd = vault token demo
outgoing-cred-cmd-cache = false
default = INBOX
from = ${USER}
`,
    );
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

  it('offlineimap fetches mail', async (context) => {
    needs(context, 'offlineimap');
    const python = shell.file(
      'vault.py',
      `import subprocess


def vault(account):
    return subprocess.check_output(["vault", "token", account], text=True).strip()
`,
    );
    const config = shell.file(
      '.offlineimaprc',
      `[general]
accounts = demo
pythonfile = ${python}
metadata = ${stage.home.home}/offlineimap-state

[Account demo]
localrepository = demo-local
remoterepository = demo-remote

[Repository demo-local]
type = Maildir
localfolders = ${stage.home.home}/offlineimap

[Repository demo-remote]
type = IMAP
remotehost = localhost
remoteport = ${dovecot.ports.imaps}
sslcacertfile = ${dovecot.caFile}
remoteuser = ${USER}
auth_mechanisms = XOAUTH2
oauth2_access_token_eval = vault("demo")
`,
    );
    await works(`offlineimap -c ${config} -o -u basic`);
    expect(subjectsIn(join(stage.home.home, 'offlineimap'))).toContain(`letter ${number}`);
  });

  it('curl fetches and sends mail, with the token on its stdin', async (context) => {
    needs(context, 'curl');
    const curl = (rest: string) =>
      `printf 'oauth2-bearer = "%s"\\n' "$(vault token demo)" | curl -sS -K - --cacert ${dovecot.caFile} --user ${USER}: ${rest}`;
    expect(await works(curl(`'imaps://localhost:${dovecot.ports.imaps}/INBOX;MAILINDEX=1'`))).toContain(
      'Subject:',
    );
    expect(await works(curl(`pop3s://localhost:${dovecot.ports.pop3s}/1`))).toContain('Subject:');
    const letter = shell.file('letter', MESSAGE.replace('msmtp', 'curl'));
    await works(
      curl(
        `smtps://localhost:${dovecot.ports.submissions} --mail-from ${USER} --mail-rcpt grace@example.com -T ${letter}`,
      ),
    );
    expect(lastSent()).toContain('Subject: from curl');
  });
});
