import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import type { TempHome } from './temp-home.js';

/** Every secret of a test, and the search for traces of them where none may be. */
export interface Canaries {
  /** An access token may be printed by `vault token`, and nowhere else. */
  accessToken(...values: readonly string[]): void;
  /** An id_token may be printed by `vault token --id-token` and `vault helper google`, and nowhere else. */
  idToken(...values: readonly string[]): void;
  /** Refresh tokens, codes, verifiers, client secrets, keys: never anywhere. */
  secret(...values: readonly string[]): void;
  /** The master key: in its own file, and nowhere else. */
  masterKey(...values: readonly string[]): void;
  /** @returns one sentence for each trace; an empty list is the proof */
  traces(home: TempHome): string[];
  readonly size: number;
}

type Kind = 'access token' | 'id_token' | 'secret' | 'master key';

/** The tail that must not show up alone either: a truncated token is still most of one. */
const TAIL = 16;

export function createCanaries(): Canaries {
  const kept = new Map<string, Kind>();
  return {
    accessToken: (...values) => {
      for (const value of values) kept.set(value, 'access token');
    },
    idToken: (...values) => {
      for (const value of values) kept.set(value, 'id_token');
    },
    secret: (...values) => {
      for (const value of values) kept.set(value, 'secret');
    },
    masterKey: (...values) => {
      for (const value of values) kept.set(value, 'master key');
    },
    traces(home) {
      const needles = [...kept].flatMap(([value, kind]) => forms(value).map((form) => ({ ...form, kind })));
      const places = [...printed(home), ...written(home.root)];
      return places.flatMap(({ place, bytes, mayHold }) =>
        needles
          .filter(({ kind, bytes: needle }) => kind !== mayHold && bytes.includes(needle))
          .map(({ kind, form }) => `${place}: holds a ${kind} canary (${form})`),
      );
    },
    get size() {
      return kept.size;
    },
  };
}

interface Place {
  readonly place: string;
  readonly bytes: Buffer;
  readonly mayHold: Kind | null;
}

function mayPrint(args: readonly string[], stdout: string): Kind | null {
  if (args[0] !== 'token' && args[0] !== 'helper') return null;
  const isIdToken = args.includes('--id-token') || stdout.includes('oauth:token-type:id_token"');
  return isIdToken ? 'id_token' : 'access token';
}

function printed(home: TempHome): Place[] {
  return home.runs.flatMap(({ args, stdout, stderr }) => [
    {
      place: `stdout of ${args.join(' ')}`,
      bytes: Buffer.from(stdout),
      mayHold: mayPrint(args, stdout),
    },
    { place: `stderr of ${args.join(' ')}`, bytes: Buffer.from(stderr), mayHold: null },
  ]);
}

function written(root: string): Place[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .flatMap((path) => {
      const bytes = contentOf(path);
      const mayHold = basename(path) === 'master.key' ? 'master key' : null;
      return bytes === null ? [] : [{ place: relative(root, path), bytes, mayHold }];
    });
}

/** A refresher may outlive the command that asked for it: the journal of its last write comes and goes. */
function contentOf(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch (failure) {
    if ((failure as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw failure;
  }
}

interface Form {
  readonly form: string;
  readonly bytes: Buffer;
}

/** A secret as it could lie in a file: as it is, its tail, in hex, percent-encoded, in base64 at any of three offsets. */
function forms(value: string): Form[] {
  const raw = Buffer.from(value);
  const text = (form: string, encoded: string): Form => ({ form, bytes: Buffer.from(encoded) });
  const shifted = [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), raw]).toString('base64');
    // The first and last characters also depend on the neighbours.
    const core = encoded.replace(/=+$/, '').slice(offset === 0 ? 0 : 4, -2);
    return [text('base64', core), text('base64url', core.replaceAll('+', '-').replaceAll('/', '_'))];
  });
  const percent = encodeURIComponent(value);
  return [
    { form: 'raw', bytes: raw },
    { form: 'tail', bytes: raw.subarray(-TAIL) },
    text('hex', raw.toString('hex')),
    text('hex', raw.toString('hex').toUpperCase()),
    ...(percent === value ? [] : [text('percent-encoded', percent)]),
    ...shifted,
  ];
}
