import { type Page, sentence } from '../src/ui/page.js';

/* Pages of the help as pages of the manual. Sources: man(7), groff_char(7), and what mandoc -T lint has to say. */

/** A list or a text that the help does not have. */
export interface Section {
  readonly title: string;
  readonly entries: readonly (readonly [term: string, says: string])[];
}

export interface Manual {
  /** Without the section: `vault-key`. */
  readonly name: string;
  readonly page: Page;
  /** The pages of its own commands, which are parts of this one. */
  readonly commands: readonly Page[];
  readonly sections: readonly Section[];
  /** Names of other manuals. */
  readonly seeAlso: readonly string[];
}

/** @param date of the version, `2026-12-01` */
export function roff(manual: Manual, version: string, date: string): string {
  const { name, page, commands, sections, seeAlso } = manual;
  return `${[
    `.TH ${argument(name.toUpperCase())} 1 "${date}" ${argument(`token-vault ${version}`)} "User Commands"`,
    // A command that is broken or stretched cannot be copied.
    '.nh',
    '.ad l',
    '.SH NAME',
    `${text(name)} \\- ${text(page.summary)}`,
    '.SH SYNOPSIS',
    ...synopsis([page, ...commands]),
    '.SH DESCRIPTION',
    text(sentence(page.summary)),
    ...(commands.length === 0 ? [] : ['.SH COMMANDS', ...commands.flatMap(subsection)]),
    ...page.lists.filter(({ title }) => title !== 'Commands').flatMap(list),
    ...sections.flatMap(list),
    '.SH EXAMPLES',
    ...examples(page),
    '.SH SEE ALSO',
    ...seeAlso.map((other, index) => `.BR ${text(other)} (1)${index < seeAlso.length - 1 ? ' ,' : ''}`),
  ].join('\n')}\n`;
}

function subsection(page: Page): string[] {
  return [
    `.SS ${argument(page.name)}`,
    text(sentence(page.summary)),
    ...page.lists.filter(({ title }) => title === 'Arguments' || title === 'Options').flatMap(entries),
    '.PP',
    'For example:',
    ...examples(page),
  ];
}

/** Program and command in bold, the rest as it is. Commands of a command are in it themselves. */
function synopsis(pages: readonly Page[]): string[] {
  const lines = pages.flatMap(({ name, usage }) =>
    usage.map((line) => [name, line.slice(name.length)] as const),
  );
  return lines
    .filter(([, rest]) => pages.length === 1 || !rest.startsWith(' <command>'))
    .flatMap(([name, rest], index) => [
      ...(index === 0 ? [] : ['.br']),
      `.B ${text(name)}`,
      ...(rest === '' ? [] : [text(rest.trim())]),
    ]);
}

function list(section: Section): string[] {
  return section.entries.length === 0
    ? []
    : [`.SH ${argument(section.title.toUpperCase())}`, ...entries(section)];
}

function entries({ entries: all }: Pick<Section, 'entries'>): string[] {
  return all.flatMap(([term, says]) => ['.TP', `.B ${text(term)}`, text(says)]);
}

function examples({ examples: all }: Page): string[] {
  return all.flatMap(({ line, says }) => ['.TP', `.B ${text(line)}`, text(says)]);
}

/** A macro's argument in quotes. */
function argument(words: string): string {
  return `"${text(words).replaceAll('"', '\\(dq')}"`;
}

/** A line of text: nothing in it is a request, and what is typed can be copied from the page as it is. */
function text(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('`', '\\(ga')
    .replaceAll('^', '\\(ha')
    .replaceAll('~', '\\(ti')
    .replaceAll('…', '...')
    .replace(/^\./, '\\&.');
}
