import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const FILES = fileURLToPath(new URL('../../dist/lib/system/files/files.js', import.meta.url));
const LIMIT = 4_000;
const KEPT = 200;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-rotation-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('ten processes that append and rotate at once lose no line and mix none', async () => {
  const path = join(folder, 'security.log');
  const script = join(folder, 'writer.mjs');
  writeFileSync(
    script,
    `import { createFiles } from ${JSON.stringify(FILES)};
    const files = createFiles({ uid: process.getuid?.(), pid: process.pid }, () => {});
    const [own] = process.argv.slice(2);
    for (let n = 0; n < 200; n += 1) {
      files.append(${JSON.stringify(path)}, Buffer.from(own + ' ' + n + ' ' + 'x'.repeat(40) + '\\n'), ${LIMIT}, ${KEPT});
    }`,
  );
  const writers = Array.from({ length: 10 }, (_, own) => {
    const child = spawn(process.execPath, [script, String(own)], { env: {}, stdio: 'inherit' });
    return new Promise<number | null>((resolve) => child.on('close', resolve));
  });
  expect(new Set(await Promise.all(writers))).toEqual(new Set([0]));
  const logs = readdirSync(folder).filter((name) => name.startsWith('security.log'));
  const lines = logs.flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
  expect(lines.every((line) => /^\d+ \d+ x{40}$/.test(line))).toBe(true);
  expect(new Set(lines).size).toBe(2_000);
  expect(lines).toHaveLength(2_000);
  // Each rotation was made by one process: of those that did it again there would be files with a few lines.
  const old = logs.filter((name) => name !== 'security.log');
  expect(old.filter((name) => statSync(join(folder, name)).size < LIMIT - 60)).toEqual([]);
  expect(logs).not.toContain('security.log.rotating');
});
