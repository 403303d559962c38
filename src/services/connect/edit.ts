import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../../consumers/contract.js';
import { VaultError } from '../../domain/errors.js';
import { programName } from '../../domain/invocation.js';

/* Changes to the text of a file, and back. Each is a pure function of the text; an empty text is that of a missing file. */

export type TextChange = Extract<Change, { kind: 'lines' | 'json' | 'script' }>;
type Lines = Extract<Change, { kind: 'lines' }>;

/**
 * @param owner what the lines belong to, on one line: `git github/work`
 * @throws VaultError `config_invalid` where something else of the same name is in the file
 */
export function edited(change: TextChange, text: string, owner: string): string {
  switch (change.kind) {
    case 'lines': {
      const without = undone(change, text, owner);
      if (change.unless?.test(without) === true) throw taken(change.file, change.unless.exec(without)?.[0]);
      return inserted(without, change, owner);
    }
    case 'json': {
      if (change.path.length === 0) return whole(change, text);
      const document = parsed(change.file, text);
      const at = holder(document, change.path, true);
      const key = change.path.at(-1) ?? '';
      if (at[key] !== undefined && !isDeepStrictEqual(at[key], change.value))
        throw taken(change.file, change.path.join('.'));
      at[key] = change.value;
      return written(document, change.indent, text);
    }
    case 'script': {
      const [first, ...rest] = change.lines;
      const mark = `# token-vault: ${owner} ${undoBy(owner)}`;
      if (text !== '' && !text.includes(`\n# token-vault: ${owner} (undo: `))
        throw taken(change.file, 'another program');
      return `${first}\n${mark}${rest.join('\n')}\n`;
    }
  }
}

/** The text as it was before {@link edited}, with all changes that were made to the rest of it since. */
export function undone(change: TextChange, text: string, owner: string): string {
  switch (change.kind) {
    case 'lines': {
      const [start, end] = marks(change, owner);
      // The line names the program by which it was written.
      const from = text.indexOf(start.slice(0, -undoBy(owner).length));
      const to = text.indexOf(end, from);
      return from === -1 || to === -1 ? text : text.slice(0, from) + text.slice(to + end.length);
    }
    case 'json': {
      if (change.path.length === 0) return text === whole(change, '') ? '' : text;
      const document = parsed(change.file, text);
      const at = holder(document, change.path, false);
      const key = change.path.at(-1) ?? '';
      if (!isDeepStrictEqual(at[key], change.value)) return text;
      delete at[key];
      dropEmpty(document, change.path.slice(0, -1));
      return Object.keys(document).length === 0 ? '' : written(document, change.indent, text);
    }
    case 'script': {
      const plain = (script: string) => script.replace(/ \(undo: (?:token-)?vault connect /, ' ');
      return plain(text) === plain(edited(change, '', owner)) ? '' : text;
    }
  }
}

/** A file of this program's own. */
function whole({ file, value, indent }: Extract<Change, { kind: 'json' }>, text: string): string {
  const own = `${JSON.stringify(value, null, indent)}\n`;
  if (text !== '' && text !== own) throw taken(file, 'something else');
  return own;
}

function block(change: Lines, owner: string): string {
  const [start, end] = marks(change, owner);
  return `${start}${change.lines.join('\n')}\n${end}`;
}

function undoBy(owner: string): string {
  return `(undo: ${programName()} connect ${owner} --remove)\n`;
}

/** A file may have lines in several sections. */
function marks({ comment, section }: Lines, owner: string): readonly [string, string] {
  const what = section === undefined ? owner : `${owner} ${section}`;
  return [`${comment} >>> token-vault: ${what} ${undoBy(owner)}`, `${comment} <<< token-vault: ${what}\n`];
}

/** After the line that begins the section, where there is one; else at the end, with that line. */
function inserted(text: string, change: Lines, owner: string): string {
  const { section } = change;
  const heads = section === undefined ? [] : [...text.matchAll(/^.*$/gm)];
  const head = heads.find(([line]) => line.replace(/\s+#.*/, '').trim() === section);
  if (head !== undefined) {
    const at = head.index + head[0].length;
    return `${text.slice(0, at)}\n${block(change, owner)}${text.slice(at).replace(/^\n/, '')}`;
  }
  const break_ = text === '' || text.endsWith('\n') ? '' : '\n';
  const lines = [section ?? [], change.lines].flat();
  return `${text}${break_}${block({ ...change, lines }, owner)}`;
}

type JsonObject = { [key: string]: unknown };

function parsed(file: string, text: string): JsonObject {
  let document: unknown;
  try {
    document = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    document = null;
  }
  if (isObject(document)) return document;
  throw new VaultError('config_invalid', `${file} is not a JSON object, so it was not changed`);
}

function holder(document: JsonObject, path: readonly string[], make: boolean): JsonObject {
  let at = document;
  for (const key of path.slice(0, -1)) {
    const next = at[key];
    if (isObject(next)) at = next;
    else if (!make) return {};
    else {
      const made = {};
      at[key] = made;
      at = made;
    }
  }
  return at;
}

/** An object that became empty was made by us. */
function dropEmpty(document: JsonObject, path: readonly string[]): void {
  if (path.length === 0) return;
  const at = holder(document, path, false);
  const key = path.at(-1) ?? '';
  const inner = at[key];
  if (!isObject(inner) || Object.keys(inner).length > 0) return;
  delete at[key];
  dropEmpty(document, path.slice(0, -1));
}

function written(document: JsonObject, indent: string, before: string): string {
  return `${JSON.stringify(document, null, indent)}${before === '' || before.endsWith('\n') ? '\n' : ''}`;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function taken(file: string, what = 'this'): VaultError {
  return new VaultError('config_invalid', `${file} has ${what.trim()} already, so it was not changed`, {
    hint: 'remove that first, or put the lines there yourself',
  });
}
