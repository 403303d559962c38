import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFiles } from '../../src/system/files/files.js';
import type { Machine } from '../../src/system/schedulers/contract.js';
import { machineOf } from '../../src/system/schedulers/index.js';

/** A home with programs in it that stand for crontab(1) and systemctl(1), run as real child processes. */
export interface SchedulerStage {
  readonly machine: Machine;
  readonly home: string;
  /** Where units belong. */
  readonly units: string;
  /** What is in the crontab, one character a byte; null when there is none. */
  crontab(): string | null;
  writeCrontab(content: string): void;
  /** Has `crontab` say this and fail. */
  refuseCrontab(words: string): void;
  /** What systemctl was asked for, in order. */
  systemctl(): string[];
  /** Has systemctl fail when its arguments hold this; an empty text is every time. */
  failSystemctl(words: string): void;
  remove(): void;
}

const CRONTAB = `
test -e "$HOME/refusal" && { cat "$HOME/refusal" >&2; exit 1; }
case "$1" in
  -l) test -e "$HOME/crontab" || { echo "no crontab for $LOGNAME" >&2; exit 1; }; cat "$HOME/crontab";;
  -) cat > "$HOME/crontab";;
esac`;

const SYSTEMCTL = `
printf '%s\\n' "$*" >> "$HOME/asked"
test -e "$HOME/failing" || exit 0
case "$*" in *"$(cat "$HOME/failing")"*) exit 1;; esac`;

export function openSchedulerStage(env: Readonly<Record<string, string>> = {}): SchedulerStage {
  const home = mkdtempSync(join(tmpdir(), 'vault-scheduler-'));
  const bin = join(home, 'bin');
  const uid = process.geteuid?.();
  mkdirSync(bin);
  for (const [name, body] of [
    ['crontab', CRONTAB],
    ['systemctl', SYSTEMCTL],
  ] as const) {
    writeFileSync(join(bin, name), `#!/bin/sh${body}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const file = (name: string) => join(home, name);
  const textOf = (name: string) => (existsSync(file(name)) ? readFileSync(file(name), 'latin1') : null);
  return {
    machine: machineOf(
      {
        env: { PATH: `${bin}:/usr/bin:/bin`, HOME: home, ...env },
        uid,
        files: createFiles({ uid, pid: process.pid }, () => {}),
      },
      10_000,
    ),
    home,
    units: file('.config/systemd/user'),
    crontab: () => textOf('crontab'),
    writeCrontab: (content) => writeFileSync(file('crontab'), content, 'latin1'),
    refuseCrontab: (words) => writeFileSync(file('refusal'), words),
    systemctl: () => (textOf('asked') ?? '').split('\n').slice(0, -1),
    failSystemctl: (words) => writeFileSync(file('failing'), words),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}
