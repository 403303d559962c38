import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DemoServer } from '../../src/demo/contract.js';
import { makeCertificate } from '../doubles/certificate.js';

/** The scope of the demo server without which this mail server refuses a token. */
export const MAIL_SCOPE = 'mail';

const LISTENERS = ['imap', 'imaps', 'pop3', 'pop3s', 'submission', 'submissions'] as const;
type Listener = (typeof LISTENERS)[number];

/** A Dovecot of the test's own, which asks the demo server about each token (RFC 7662). */
export interface Dovecot {
  readonly ports: Readonly<Record<Listener, number>>;
  /** The certificate of `localhost`, which is its own authority. */
  readonly caFile: string;
  /** What it was given to send, each message with its envelope. */
  readonly sent: readonly string[];
  /** What it is told about tokens besides the truth. */
  readonly lies: Lies;
  /** Puts a message into a mailbox. */
  deliver(mailbox: string, subject: string): void;
  log(): string;
  close(): Promise<void>;
}

interface Lies {
  /** Tokens that are not valid there, though they are at the demo server. */
  readonly refused: Set<string>;
  /** Tokens that are valid there, each with its user. */
  readonly accepted: Map<string, string>;
  /** Whom a user's token is for, for a shared mailbox. */
  readonly shared: Map<string, string>;
  /** The server that knows the tokens has failed. */
  down: boolean;
}

export interface DovecotOptions {
  /** Default: `xoauth2 oauthbearer`. */
  readonly mechanisms?: string;
}

export async function startDovecot(demo: DemoServer, options: DovecotOptions = {}): Promise<Dovecot> {
  const folder = mkdtempSync(join(tmpdir(), 'vault-dovecot-'));
  chmodSync(folder, 0o755);
  const certificate = makeCertificate(folder, 'localhost', 'DNS:localhost');
  for (const name of ['run', 'state', 'mail']) mkdirSync(join(folder, name));
  const nobody = 65_534;
  chownSync(join(folder, 'mail'), nobody, nobody);
  const lies: Lies = { refused: new Set(), accepted: new Map(), shared: new Map(), down: false };
  const sent: string[] = [];
  const introspection = await introspectionServer(demo, lies);
  const relay = await relayServer(sent);
  const ports = await freePorts();
  const config = join(folder, 'dovecot.conf');
  writeFileSync(
    join(folder, 'oauth2.conf'),
    `introspection_mode = post
introspection_url = http://dovecot:secret-example@127.0.0.1:${portOf(introspection)}/introspect
username_attribute = username
active_attribute = active
active_value = true
scope = ${MAIL_SCOPE}
`,
  );
  writeFileSync(
    config,
    configuration(folder, ports, portOf(relay), options.mechanisms ?? 'xoauth2 oauthbearer'),
  );
  const child = spawn('dovecot', ['-F', '-c', config], { stdio: 'ignore' });
  const log = () => readFileSync(join(folder, 'log'), 'utf8');
  await listening(child, ports, log);
  let messages = 0;
  return {
    ports,
    caFile: certificate.certFile,
    sent,
    lies,
    deliver(mailbox, subject) {
      const parts = [mailbox, 'Maildir', 'new'];
      const folders = parts.map((_, index) => join(folder, 'mail', ...parts.slice(0, index + 1)));
      for (const each of [...folders, join(folder, 'mail', mailbox, 'Maildir', 'cur')]) {
        mkdirSync(each, { recursive: true });
        chownSync(each, nobody, nobody);
      }
      messages += 1;
      const file = join(folder, 'mail', ...parts, `${messages}.test`);
      const head = `From: grace@example.com\nTo: ${mailbox}\nSubject: ${subject}\nMessage-Id: <${messages}@test>`;
      writeFileSync(file, `${head}\nDate: Mon, 2 Mar 2026 10:00:00 +0000\n\nHello.\n`);
      chownSync(file, nobody, nobody);
    },
    log,
    async close() {
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
      introspection.close();
      introspection.closeAllConnections();
      relay.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function configuration(
  folder: string,
  ports: Readonly<Record<Listener, number>>,
  relay: number,
  mechanisms: string,
): string {
  const service = (name: string, plain: Listener, tls: Listener) => `
service ${name}-login {
  inet_listener ${plain} {
    port = ${ports[plain]}
  }
  inet_listener ${tls} {
    port = ${ports[tls]}
    ssl = yes
  }
}`;
  return `base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
listen = 127.0.0.1
protocols = imap pop3 submission
ssl = required
ssl_cert = <${folder}/localhost.pem
ssl_key = <${folder}/localhost.key
first_valid_uid = 1
auth_mechanisms = ${mechanisms}
auth_failure_delay = 0
auth_verbose = yes
mail_location = maildir:~/Maildir
submission_relay_host = 127.0.0.1
submission_relay_port = ${relay}
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf
}
passdb {
  driver = static
  mechanisms = plain
  args = password=example
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=${folder}/mail/%u
}
namespace inbox {
  inbox = yes
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
${service('imap', 'imap', 'imaps')}
${service('pop3', 'pop3', 'pop3s')}
${service('submission', 'submission', 'submissions')}
`;
}

/** Free a moment ago; they are all listened on at once, so they differ. */
async function freePorts(): Promise<Record<Listener, number>> {
  const servers = await Promise.all(LISTENERS.map(() => listen(createTcpServer())));
  const ports = servers.map((server) => portOf(server));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return Object.fromEntries(LISTENERS.map((name, index) => [name, ports[index]])) as Record<Listener, number>;
}

async function listening(
  child: ChildProcess,
  ports: Readonly<Record<Listener, number>>,
  log: () => string,
): Promise<void> {
  for (const port of Object.values(ports)) {
    while (!(await accepts(port))) {
      if (child.exitCode !== null) throw new Error(`dovecot did not start: ${log()}`);
      await sleep(50);
    }
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** Token introspection (RFC 7662) of the demo server's access tokens. */
function introspectionServer(demo: DemoServer, lies: Lies): Promise<Server> {
  return listen(
    createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      const token = new URLSearchParams(body).get('token') ?? '';
      const known = lies.refused.has(token) ? null : demo.introspect(token);
      const user = lies.accepted.get(token) ?? known?.email;
      const scope = known === null ? MAIL_SCOPE : known.scopes.join(' ');
      const answer =
        user === undefined
          ? { active: false }
          : { active: true, username: lies.shared.get(user) ?? user, scope };
      response.writeHead(lies.down ? 500 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(lies.down ? {} : answer));
    }),
  );
}

/** The server that a submission server gives its mail to: takes everything. */
function relayServer(sent: string[]): Promise<TcpServer> {
  return listen(
    createTcpServer((socket) => {
      let input = '';
      let envelope: string[] = [];
      let inData = false;
      socket.on('error', () => undefined);
      socket.write('220 relay\r\n');
      socket.on('data', (chunk) => {
        input += chunk.toString();
        const lines = input.split('\r\n');
        input = lines.pop() ?? '';
        for (const line of lines) {
          if (inData) {
            envelope.push(line);
            if (line !== '.') continue;
            inData = false;
            sent.push(envelope.join('\n'));
            envelope = [];
            socket.write('250 taken\r\n');
          } else if (/^DATA/i.test(line)) {
            inData = true;
            socket.write('354 go on\r\n');
          } else {
            if (/^(?:MAIL|RCPT) /i.test(line)) envelope.push(line);
            if (/^RSET/i.test(line)) envelope = [];
            // Some clients say that a message has 8-bit text, which a submission server passes on.
            if (/^EHLO/i.test(line)) socket.write('250-relay\r\n250 8BITMIME\r\n');
            else socket.write(/^QUIT/i.test(line) ? '221 bye\r\n' : '250 fine\r\n');
          }
        }
      });
    }),
  );
}

function listen<T extends TcpServer>(server: T): Promise<T> {
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

function portOf(server: TcpServer): number {
  return (server.address() as AddressInfo).port;
}
