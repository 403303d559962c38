import { chmodSync, linkSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TransportFailure } from '../../../src/domain/transport.js';
import { systemClock } from '../../../src/system/clock.js';
import { readOnlyFiles, readOnlyFs } from '../../../src/system/files/read-only.js';
import { createHttp } from '../../../src/system/http/http.js';
import { createProber } from '../../../src/system/http/http-probe.js';
import { portIsFree } from '../../../src/system/tcp.js';
import { serve } from '../../doubles/local-server.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vault-look-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, mode = 0o600) => {
  const path = join(folder, name);
  writeFileSync(path, 'content', { mode });
  chmodSync(path, mode);
  return path;
};
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a read-only look', () => {
  it('reports what is at a path itself, not behind a link', () => {
    const file = put('file', 0o640);
    linkSync(file, join(folder, 'other'));
    symlinkSync(file, join(folder, 'link'));
    expect(readOnlyFs.info(file)).toMatchObject({ kind: 'file', mode: 0o640, links: 2 });
    expect(readOnlyFs.info(join(folder, 'link'))).toMatchObject({ kind: 'link' });
    expect(readOnlyFs.info(folder)).toMatchObject({ kind: 'folder', mode: 0o700 });
    expect(readOnlyFs.info(join(folder, 'missing'))).toBeNull();
    expect(readOnlyFs.info('/dev/null')).toMatchObject({ kind: 'other' });
    expect(readOnlyFs.real(join(folder, 'link'))).toBe(readOnlyFs.real(file));
    expect(readOnlyFs.names(folder)).toEqual(['file', 'link', 'other']);
    expect([readOnlyFs.names(join(folder, 'missing')), readOnlyFs.real(join(folder, 'missing'))]).toEqual([
      [],
      null,
    ]);
  });

  it('reads a small file, and nothing else', () => {
    expect(readOnlyFs.read(put('file'), 7)?.toString()).toBe('content');
    expect(readOnlyFs.read(join(folder, 'missing'), 7)).toBeNull();
    expect(() => readOnlyFs.read(join(folder, 'file'), 6)).toThrow(code('config_invalid'));
    symlinkSync(join(folder, 'file'), join(folder, 'link'));
    expect(() => readOnlyFs.read(join(folder, 'link'), 7)).toThrow(code('vault_permissions'));
    expect(() => readOnlyFs.read('/dev/null', 7)).toThrow(code('vault_permissions'));
  });
});

describe('files that are only read', () => {
  it('are not changed, and are refused like in other commands', () => {
    const files = readOnlyFiles(process.getuid?.());
    const open = put('open', 0o644);
    expect(files.read(open, 7)?.toString()).toBe('content');
    expect(statSync(open).mode & 0o777).toBe(0o644);
    expect([files.exists(open), files.check(join(folder, 'missing'))]).toEqual([true, false]);
    symlinkSync(open, join(folder, 'link'));
    expect(() => files.read(join(folder, 'link'), 7)).toThrow(code('vault_permissions'));
    expect(() => readOnlyFiles(12_345).read(open, 7)).toThrow(code('vault_permissions'));
  });

  it('may be in folders that are checked the same way', () => {
    const files = readOnlyFiles(process.getuid?.());
    chmodSync(folder, 0o755);
    expect([files.checkFolder(folder), files.checkFolder(join(folder, 'missing'))]).toEqual([true, false]);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
    symlinkSync(folder, join(folder, 'link'));
    expect(() => files.checkFolder(join(folder, 'link'))).toThrow(code('vault_permissions'));
    expect(() => files.checkFolder(put('file'))).toThrow(code('vault_permissions'));
    expect(() => readOnlyFiles(12_345).checkFolder(folder)).toThrow(code('vault_permissions'));
  });

  it('are never written', () => {
    const files = readOnlyFiles(process.getuid?.());
    const path = join(folder, 'new');
    const content = Buffer.from('x');
    for (const write of [
      () => files.create(path, content),
      () => files.replace(path, content),
      () => files.append(path, content, 9, 1),
      () => files.ensureFolder(path),
      () => files.remove(put('file')),
      () => files.publish(join(folder, 'file'), path),
    ]) {
      expect(write).toThrow(code('unexpected'));
    }
    expect(readOnlyFs.names(folder)).toEqual(['file']);
  });
});

describe('a port', () => {
  it('is free until a program listens there', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    expect(await portIsFree('127.0.0.1', port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await portIsFree('127.0.0.1', port)).toBe(true);
    expect(await portIsFree('127.0.0.1', port)).toBe(true);
  });
});

describe('a probe of a page', () => {
  it('is made once for each page, and returns when it was asked and answered', async () => {
    const http = createHttp({ env: {} });
    const server = await serve((response) => void response.end('hello'));
    const visit = createProber(http, systemClock, new AbortController().signal);
    const [first, second] = await Promise.all([visit(`${server.url}/a`), visit(`${server.url}/a`)]);
    expect(second).toBe(first);
    expect(first.answer.body).toBe('hello');
    expect(first.answeredAt).toBeGreaterThanOrEqual(first.askedAt);
    await visit(`${server.url}/b`);
    expect(server.received.map(({ path }) => path)).toEqual(['/a', '/b']);
    await server.close();
    await expect(visit(`${server.url}/c`)).rejects.toThrow(TransportFailure);
    await http.close();
  });
});
