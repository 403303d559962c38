import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Context } from '../../context.js';
import { VaultError } from '../../domain/errors.js';
import { quoted } from '../../domain/safe-text.js';
import type { Secret } from '../../domain/secret.js';

/*
 * Which refresh tokens were imported: `imports.json`. A tool's file still holds the token after the provider has replaced it, and
 * some providers end the whole grant when they see such a token again.
 */

export interface ImportedToken {
  /** SHA-256 in hex of the token, as the tool had it. */
  readonly digest: string;
  readonly tool: string;
  /** The id of the account that it went to. */
  readonly account: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Whether the provider has replaced it, so that it must not be sent again. */
  readonly replaced: boolean;
}

type RecordFiles = Pick<Context, 'files' | 'paths'>;

const LIMIT = 4 * 1024 * 1024;

export function tokenDigest(token: Secret): string {
  return createHash('sha256').update(token.reveal()).digest('hex');
}

/** @throws VaultError `config_invalid` when the record is not one */
export function readImported({ files, paths }: RecordFiles): readonly ImportedToken[] {
  const path = pathOf({ paths });
  const text = files.read(path, LIMIT)?.toString('utf8');
  if (text === undefined) return [];
  try {
    const { imported } = JSON.parse(text);
    if (Array.isArray(imported) && imported.every(isImported)) return imported;
  } catch {}
  throw new VaultError('config_invalid', `${path} is damaged, so what was imported before is not known`, {
    hint: `check that no tool's file is imported twice, and move it away: mv ${quoted(path)} ${quoted(`${path}.damaged`)}`,
  });
}

function isImported(entry: unknown): entry is ImportedToken {
  const { digest, tool, account, at, replaced } = Object(entry) as Record<string, unknown>;
  const texts = [digest, tool, account];
  return (
    texts.every((each) => typeof each === 'string') && Number.isFinite(at) && typeof replaced === 'boolean'
  );
}

/** On disk when it returns. */
export function noteImported(ctx: RecordFiles, token: ImportedToken): void {
  const others = readImported(ctx).filter(({ digest }) => digest !== token.digest);
  ctx.files.ensureFolder(ctx.paths.data);
  const text = `${JSON.stringify({ imported: [...others, token] }, null, 2)}\n`;
  ctx.files.replace(pathOf(ctx), Buffer.from(text, 'utf8'));
}

function pathOf({ paths }: Pick<RecordFiles, 'paths'>): string {
  return join(paths.data, 'imports.json');
}
