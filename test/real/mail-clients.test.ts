import { chmodSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { typeAtTerminal } from '../harness/at-terminal.js';
import { type DemoStage, openDemoStage } from '../harness/demo-stage.js';
import { type Dovecot, MAIL_SCOPE, startDovecot } from '../harness/dovecot.js';
import { type Shell, shellOf } from '../harness/mail-client.js';
import { missing, needs } from '../harness/parts.js';

/* Each client with its recipe from docs/mail.md, in which only the server and the account are replaced. */

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

const PAGE = readFileSync(new URL('../../docs/mail.md', import.meta.url), 'utf8');

/** @param which of the examples below this heading @returns its text, with each key replaced by its value */
function recipe(heading: string, changes: Readonly<Record<string, string>>, which = 0): string {
  const section = PAGE.split(/^### /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const block = [...section.matchAll(/^```\w*\n(.*?)^```$/gms)][which]?.[1] ?? '';
  return Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the recipe of ${heading} has no ${from}`);
    return text.replaceAll(from, to);
  }, block);
}

const TOKEN = { 'vault token google': 'vault token demo' };

/** The message that was sent last. */
const lastSent = () => dovecot.sent.at(-1) ?? '';
const MESSAGE = 'From: ada@example.com\nTo: grace@example.com\nSubject: from msmtp\n\nHello.\n';

describe('with the recipe of docs/mail.md', () => {
  it.for(['neomutt', 'mutt'] as const)('%s reads and sends mail', async (client, context) => {
    needs(context, client, 'a terminal');
    const out = join(stage.home.home, `${client}.mbox`);
    const lines = recipe('neomutt, mutt', {
      ...TOKEN,
      'imap.gmail.com': `localhost:${dovecot.ports.imaps}`,
      'smtp.gmail.com': `localhost:${dovecot.ports.submissions}`,
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

  function msmtprc(auth: string): string {
    const changes = {
      ...TOKEN,
      'account google': 'account demo',
      'smtp.gmail.com': 'localhost',
      '465': `${dovecot.ports.submissions}\ntls_trust_file ${dovecot.caFile}`,
      'auth oauthbearer': `auth ${auth}`,
    };
    return shell.file('.msmtprc', recipe('msmtp', changes));
  }

  it.for(['oauthbearer', 'xoauth2'])('msmtp sends mail with auth %s', async (auth, context) => {
    needs(context, 'msmtp');
    msmtprc(auth);
    await works('msmtp -a demo grace@example.com', MESSAGE);
    expect(lastSent()).toContain('Subject: from msmtp');
  });

  it('git send-email sends a patch by msmtp', async (context) => {
    needs(context, 'git send-email', 'msmtp');
    msmtprc('oauthbearer');
    shell.file('.gitconfig', recipe('git send-email', { '-a google': '-a demo' }));
    const patch = shell.file('1.patch', `From: ${USER}\nSubject: [PATCH] one\n\nHello.\n---\n`);
    const names = `-c user.name=Ada -c user.email=${USER}`;
    await works(`git ${names} send-email --quiet --confirm=never --to=grace@example.com ${patch}`);
    expect(lastSent()).toContain('Subject: [PATCH] one');
  });

  it('mbsync fetches mail', async (context) => {
    needs(context, 'mbsync');
    const inbox = maildir('mbsync');
    const trust = `CertificateFile ${dovecot.caFile}`;
    const changes = {
      ...TOKEN,
      'Host imap.gmail.com': `Host localhost\nPort ${dovecot.ports.imaps}\n${trust}`,
      '~/Mail/INBOX': inbox,
    };
    shell.file('.mbsyncrc', recipe('isync (mbsync)', changes));
    await works('mbsync google');
    expect(subjectsIn(inbox)).toContain(`letter ${number}`);
  });

  it('getmail fetches mail', async (context) => {
    needs(context, 'getmail');
    const inbox = join(stage.home.home, 'getmail.mbox');
    const changes = {
      '"token", "google"': '"token", "demo"',
      'imap.gmail.com': `localhost\nport = ${dovecot.ports.imaps}\nca_certs = ${dovecot.caFile}`,
      // As root, which Dovecot needs, it delivers to no Maildir.
      'type = Maildir': 'type = MDA_external\nallow_root_commands = true',
      'path = ~/Mail/': `path = /usr/bin/tee\narguments = ("-a", "${inbox}")`,
    };
    shell.file('.config/getmail/getmailrc', recipe('getmail', changes));
    await works('getmail');
    expect(readFileSync(inbox, 'utf8')).toContain(`Subject: letter ${number}`);
  });

  it('offlineimap fetches mail', async (context) => {
    needs(context, 'offlineimap');
    const certificates = '/etc/ssl/certs/ca-certificates.crt';
    shell.file('.offlineimap.py', recipe('offlineimap', {}));
    const changes = {
      'vault("google")': 'vault("demo")',
      'imap.gmail.com': `localhost\nremoteport = ${dovecot.ports.imaps}`,
      [certificates]: dovecot.caFile,
    };
    shell.file('.offlineimaprc', recipe('offlineimap', changes, 1));
    await works('offlineimap -o -u basic');
    expect(subjectsIn(join(stage.home.home, 'Mail'))).toContain(`letter ${number}`);
  });

  it('aerc reads and sends mail', async (context) => {
    needs(context, 'aerc', 'a terminal');
    const changes = {
      ...TOKEN,
      '@imap.gmail.com': `@localhost:${dovecot.ports.imaps}`,
      '@smtp.gmail.com': `@localhost:${dovecot.ports.submissions}`,
    };
    shell.file('.config/aerc/accounts.conf', recipe('aerc', changes));
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
    const curl = (place: string) =>
      recipe('curl', {
        ...TOKEN,
        '-sS -K -': `-sS -K - --cacert ${dovecot.caFile}`,
        "'imaps://imap.gmail.com/INBOX;MAILINDEX=1'": place,
      });
    const letters = await works(curl(`'imaps://localhost:${dovecot.ports.imaps}/INBOX;MAILINDEX=1'`));
    expect(letters).toContain('Subject:');
    expect(await works(curl(`pop3s://localhost:${dovecot.ports.pop3s}/1`))).toContain('Subject:');
    const letter = shell.file('letter', MESSAGE.replace('msmtp', 'curl'));
    const to = `--mail-from ${USER} --mail-rcpt grace@example.com -T ${letter}`;
    await works(curl(`smtps://localhost:${dovecot.ports.submissions} ${to}`));
    expect(lastSent()).toContain('Subject: from curl');
  });
});
