import { parseAst } from 'rolldown/parseAst';

/** How one file leans on another: on its values when it is loaded, on its values later, or on its types alone. */
export type Lean = 'value' | 'lazy' | 'type';

export interface Import {
  readonly specifier: string;
  readonly lean: Lean;
}

/** What the rules need to know of one file. */
export interface SourceFile {
  /** Relative to `src/`, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Names of forbidden globals it touches. */
  readonly globals: readonly string[];
  /** String literals it compares something with. */
  readonly compared: readonly string[];
  readonly leftovers: readonly string[];
  /** The standard streams it writes to. */
  readonly printsTo: readonly string[];
}

interface Node {
  readonly type: string;
  readonly [member: string]: unknown;
}

const WATCHED = ['process', 'console'];
const LEFTOVER = /\b(?:TO[D]O|FIX[M]E|XX[X])\b.*/g;

/** Reads one TypeScript file into facts. Throws where the text is not TypeScript. */
export function scan(path: string, text: string): SourceFile {
  const imports: Import[] = [];
  const globals = new Set<string>();
  const compared: string[] = [];
  const printsTo = new Set<string>();
  walk(parseAst(text, { lang: 'ts' }) as unknown as Node, null, (node, parent) => {
    const found = importOf(node);
    if (found !== null) imports.push(found);
    const touched = globalOf(node, parent);
    if (touched !== null) globals.add(touched);
    compared.push(...comparedBy(node));
    const stream = printedTo(node);
    if (stream !== null) printsTo.add(stream);
  });
  return {
    path,
    lines: text.replace(/\n$/, '').split('\n').length,
    imports,
    globals: [...globals],
    compared,
    leftovers: text.match(LEFTOVER) ?? [],
    printsTo: [...printsTo],
  };
}

function importOf(node: Node): Import | null {
  const specifier = (node['source'] as Node | null | undefined)?.['value'];
  if (typeof specifier !== 'string') return null;
  switch (node.type) {
    case 'ImportDeclaration':
      return { specifier, lean: node['importKind'] === 'type' ? 'type' : 'value' };
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return { specifier, lean: node['exportKind'] === 'type' ? 'type' : 'value' };
    case 'ImportExpression':
      return { specifier, lean: 'lazy' };
    case 'TSImportType':
      return { specifier, lean: 'type' };
    default:
      return null;
  }
}

function globalOf(node: Node, parent: Node | null): string | null {
  if (node.type === 'MemberExpression' && named(node['object']) === 'globalThis') {
    const name = named(node['property']) ?? literal(node['property']);
    return name !== null && WATCHED.includes(name) ? name : null;
  }
  const name = named(node);
  if (name === null || !WATCHED.includes(name)) return null;
  const isMember = parent?.type === 'MemberExpression' && parent['property'] === node && !parent['computed'];
  const isKey = parent !== null && parent['key'] === node && !parent['computed'] && !parent['shorthand'];
  return isMember || isKey ? null : name;
}

function comparedBy(node: Node): string[] {
  const isEquality = node.type === 'BinaryExpression' && /^[!=]==?$/.test(String(node['operator']));
  const sides = isEquality ? [node['left'], node['right']] : node.type === 'SwitchCase' ? [node['test']] : [];
  return sides.map(literal).filter((value) => value !== null);
}

/** `stdout.write(…)`, `host.stderr.end(…)`, `stderr().write(…)`, `writeSync(1, …)`, and a stream given to a pipe. */
function printedTo(node: Node): string | null {
  if (node.type !== 'CallExpression') return null;
  const callee = node['callee'] as Node;
  const [first] = node['arguments'] as readonly Node[];
  const method = named(callee['property']) ?? named(callee);
  if (method === 'writeSync') return [1, 2].includes(first?.['value'] as number) ? 'a descriptor' : null;
  if (method === 'pipe') return streamOf(first);
  return method === 'write' || method === 'end' ? streamOf(callee['object']) : null;
}

function streamOf(node: unknown): string | null {
  const { type, callee, property } = (node ?? {}) as Partial<Node>;
  const name = type === 'CallExpression' ? named(callee) : (named(node) ?? named(property));
  return name === 'stdout' || name === 'stderr' ? name : null;
}

function named(node: unknown): string | null {
  const { type, name } = (node ?? {}) as { type?: unknown; name?: unknown };
  return type === 'Identifier' && typeof name === 'string' ? name : null;
}

function literal(node: unknown): string | null {
  const { type, value } = (node ?? {}) as { type?: unknown; value?: unknown };
  return type === 'Literal' && typeof value === 'string' ? value : null;
}

function walk(node: Node, parent: Node | null, visit: (node: Node, parent: Node | null) => void): void {
  visit(node, parent);
  for (const member of Object.values(node)) {
    for (const child of Array.isArray(member) ? member : [member]) {
      if (child !== null && typeof child === 'object' && 'type' in child) walk(child as Node, node, visit);
    }
  }
}
