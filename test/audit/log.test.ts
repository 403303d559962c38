import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AuditLog, auditLog } from '../../src/audit/log.js';
import { AUDIT_EVENTS, type AuditEvent } from '../../src/domain/audit-events.js';
import { createFiles } from '../../src/system/files/files.js';
import { clockDouble } from '../doubles/clock.js';

const LIMIT = 10 * 1024 * 1024;
const NOW = Date.UTC(2026, 2, 1, 12, 0, 0, 7);
const uid = process.getuid?.() ?? 0;

let folder: string;
let state: string;
let path: string;
let notices: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-audit-'));
  state = join(folder, 'state');
  path = join(state, 'security.log');
  notices = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

function log(actor: { pid: number; uid: number | undefined } = { pid: 4_711, uid }, at = NOW): AuditLog {
  const notice = (line: string) => void notices.push(line);
  return auditLog({
    path,
    files: createFiles({ uid, pid: 4_711 }, notice),
    clock: clockDouble(at),
    actor,
    notice,
  });
}

const EVENT: AuditEvent = { event: 'refreshed', provider: 'google', account: 'id-example', generation: 4 };
const written = () => readFileSync(path, 'utf8');

describe('the security log', () => {
  it('is one line of plain ASCII with the same content, whatever a name contains', () => {
    const provider = 'a\u202eb\u2028c\u009bd\r\ne\u007f\u{e0041}Zoë\ud83d';
    log().record({ event: 'login_started', provider });
    expect(written()).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(written())).toMatchObject({ event: 'login_started', provider });
  });

  it('has one JSON object a line, with the time first, then who', () => {
    const audit = log();
    audit.record(EVENT);
    audit.record({ event: 'login_failed', provider: 'notion', code: 'login_refused' });
    expect(written().replace(/"id":"[\w-]{16}"/g, '"id":"…"')).toBe(
      [
        `{"time":"2026-03-01T12:00:00.007Z","id":"…","pid":4711,"uid":${uid},"event":"refreshed","provider":"google","account":"id-example","generation":4}`,
        `{"time":"2026-03-01T12:00:00.007Z","id":"…","pid":4711,"uid":${uid},"event":"login_failed","provider":"notion","code":"login_refused"}`,
        '',
      ].join('\n'),
    );
    expect(notices).toEqual([]);
  });

  it('has an event under the same id as the trail', () => {
    const audit = log();
    const { id } = audit.line({ ...EVENT });
    audit.record(EVENT, 'chained');
    audit.record(EVENT, 'chained');
    const ids = written()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id);
    expect(ids[0]).toBe(id);
    expect(ids[1]).not.toBe(id);
  });

  it('omits the user id where the system has none', () => {
    log({ pid: 1, uid: undefined }).record(EVENT);
    expect(JSON.parse(written())).not.toHaveProperty('uid');
  });

  it('stays on one line whatever a name from the configuration contains', () => {
    const provider = 'a\nb\r\u2028"}\u001b[31m\0';
    log().record({ event: 'login_started', provider });
    expect(written().match(/\n/g)).toHaveLength(1);
    expect(written()).not.toMatch(/\r|\u001b|\0/);
    expect(JSON.parse(written())).toMatchObject({ provider });
  });

  it('is a file of 0600 in a folder of 0700 whatever the umask', () => {
    const before = process.umask(0);
    try {
      log().record(EVENT);
    } finally {
      process.umask(before);
    }
    expect([path, state].map((each) => statSync(each).mode & 0o777)).toEqual([0o600, 0o700]);
  });

  it('is closed to others when it was open, with a notice', () => {
    log().record(EVENT);
    chmodSync(path, 0o666);
    log().record(EVENT);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(notices).toEqual([expect.stringContaining(path)]);
  });

  it('begins a new file before one exceeds ten mebibytes, and keeps five', () => {
    for (let round = 0; round < 7; round += 1) {
      log({ pid: round, uid }).record(EVENT);
      truncateSync(path, LIMIT - 10);
    }
    log({ pid: 7, uid }).record(EVENT);
    const kept = readdirSync(state).sort();
    expect(kept).toEqual(['security.log', ...[1, 2, 3, 4].map((n) => `security.log.${n}`)]);
    const pids = kept.map(
      (name) => /"pid":(\d+)/.exec(readFileSync(join(state, name), 'latin1').slice(0, 200))?.[1],
    );
    expect(pids).toEqual(['7', '6', '5', '4', '3']);
    expect(kept.every((name) => (statSync(join(state, name)).mode & 0o777) === 0o600)).toBe(true);
  });

  it('fills a file to the last byte before it begins the next', () => {
    log().record(EVENT);
    const { length } = written();
    truncateSync(path, LIMIT - length);
    log().record(EVENT);
    expect(readdirSync(state)).toEqual(['security.log']);
    log().record(EVENT);
    expect(readdirSync(state)).toEqual(['security.log', 'security.log.1']);
  });

  it.each<[string, () => void]>([
    ['a folder is in its place', () => mkdirSync(path, { recursive: true })],
    [
      'a link is in its place',
      () => {
        mkdirSync(state);
        symlinkSync(join(folder, 'elsewhere'), path);
      },
    ],
    ['its folder cannot be made', () => writeFileSync(state, '')],
  ])('that cannot be written because %s causes only a notice', (_name, plant) => {
    plant();
    const one = log();
    expect(one.record(EVENT)).toBeUndefined();
    // A process that lives long does not say the same of every event.
    one.record(EVENT);
    expect(
      notices.filter((line) => line === `the event refreshed could not be written to ${path}`),
    ).toHaveLength(1);
    expect(notices.at(-1)).toContain('could not be written');
    expect(readdirSync(folder)).toEqual(['state']);
  });

  it('does not stop a command when the clock is out of range', () => {
    expect(log(undefined, Number.NaN).record(EVENT)).toBeUndefined();
    expect(notices).toHaveLength(1);
  });
});

it('every event is documented', () => {
  const page = readFileSync(new URL('../../docs/audit.md', import.meta.url), 'utf8');
  expect(Object.keys(AUDIT_EVENTS).filter((event) => !page.includes(`\`${event}\``))).toEqual([]);
});
