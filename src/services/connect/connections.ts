import { join } from 'node:path';
import type { Change } from '../../consumers/contract.js';
import type { Context } from '../../context.js';
import { orElse, VaultError } from '../../domain/errors.js';
import { quoted } from '../../domain/safe-text.js';

/* Which programs were connected, and what is needed to undo it: `connections.json` and the copies beside it. */

export interface Connection {
  readonly tool: string;
  readonly account: string;
  readonly target: string | null;
  readonly changes: readonly Change[];
  /** The files that were changed. */
  readonly files: readonly ChangedFile[];
}

export interface ChangedFile {
  readonly path: string;
  /** A copy of the file from before; null when there was none. */
  readonly copy: string | null;
  /** SHA-256 in hex of what was written. */
  readonly digest: string;
}

type ConnectionFiles = Pick<Context, 'files' | 'paths'>;

const LIMIT = 1024 * 1024;

function folderOf({ paths }: ConnectionFiles): string {
  return join(paths.data, 'connections');
}

/** @throws VaultError `config_invalid` when the record is not one */
export function readConnections(ctx: ConnectionFiles): readonly Connection[] {
  const path = join(folderOf(ctx), 'connections.json');
  const text = ctx.files.read(path, LIMIT)?.toString('utf8');
  if (text === undefined) return [];
  try {
    const { connections } = JSON.parse(text);
    if (Array.isArray(connections)) return connections;
  } catch {}
  throw new VaultError('config_invalid', `${path} is damaged, so what was connected is not known`, {
    hint: `rename it, and undo what is connected by hand: mv ${quoted(path)} ${quoted(`${path}.damaged`)}`,
  });
}

/** @param names of accounts. @returns what was connected by one of them; nothing where the record cannot be read */
export function connectedBy(ctx: ConnectionFiles, names: readonly string[]): readonly Connection[] {
  const all = orElse(() => readConnections(ctx), []);
  return all.filter(({ account }) => names.includes(account));
}

export function writeConnections(ctx: ConnectionFiles, connections: readonly Connection[]): void {
  ctx.files.ensureFolder(folderOf(ctx));
  const text = `${JSON.stringify({ connections }, null, 2)}\n`;
  ctx.files.replace(join(folderOf(ctx), 'connections.json'), Buffer.from(text, 'utf8'));
}

/** A private copy, because another program's configuration may hold its passwords. @returns its path */
export function keepCopy(ctx: ConnectionFiles, name: string, content: Uint8Array): string {
  ctx.files.ensureFolder(folderOf(ctx));
  const path = join(folderOf(ctx), `${name}.copy`);
  ctx.files.replace(path, content);
  return path;
}
