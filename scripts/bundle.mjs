import { readFileSync, rmSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** A native addon and a package that runs helper files of its own stay in node_modules; so does the native half of better-sqlite3. */
const LEFT_OUTSIDE = ['keytar', 'open'];

/** What this program never calls of better-sqlite3: it names the native half itself, and defines no functions. */
const UNCALLED =
  /[\\/]better-sqlite3[\\/]lib[\\/]methods[\\/](?:aggregate|function|inspect|serialize|table|transaction)\.js$|[\\/]node_modules[\\/]bindings[\\/]/;

/** What only `vault backup` calls of it: a function in its place loads it under a second name. */
const CALLED_LATE = /[\\/]better-sqlite3[\\/]lib[\\/]methods[\\/]backup\.js$/;
const LATE = '?late';

/** What is CommonJS or Node's own need not start the ES module loader, which costs 5 ms and more: require() will do. */
const REQUIRABLE = /\bimport\("(keytar|node:[\w/]+)"\)/g;

/**
 * With all that these import, they are what a valid `vault token` runs through. They become one chunk, because each
 * file costs a fifth of a millisecond to find, read and compile, and there would be twenty.
 */
const TOKEN_PATH =
  /[\\/]src[\\/](?:main|fast-lane|context|ui[\\/]create-io|commands[\\/]token)\.ts$|better-sqlite3(?!.*\?late$)/;

/** What it runs besides, where the key is in a keychain: the other key sources, and the search for an agent. */
const KEY_SOURCES =
  /[\\/]src[\\/](?:access[\\/](?:agent-socket|key-sources-rest)|config[\\/](?:config-json|key-source)|domain[\\/]environment|keysources[\\/](?:index|os-keychain)|services[\\/]token[\\/]ask-agent|system[\\/](?:agent[\\/]agent-socket-path|keychain[\\/](?:contract|keychain)))\.ts$/;

/** What a helper runs on top, each of them with a few lines: a chunk for every program would cost more than it saves. */
const HELPERS =
  /[\\/]src[\\/](?:commands[\\/]helper|consumers[\\/](?:aws|cargo|docker|git|go|hosts|index|kubectl|mcp|pip|pnpm|rclone|registries|terraform)|services[\\/]helper[\\/](?:answer|runs)|access[\\/]asking-process|system[\\/](?:processes[\\/]parent|stdin-reader)|ui[\\/]lines)\.ts$/;

/**
 * What these import for failures and for other commands only. They become a chunk that is loaded by the first call of one
 * of them, so none of them may do anything while it is loaded.
 */
const SELDOM =
  /[\\/]src[\\/](?:commands[\\/]index|config[\\/]runtime-refusals|domain[\\/](?:account-names|closest|dueness|duration-text|error-forms|hints|label|mailbox|safe-text|scopes|time|waiting|wording)|services[\\/](?:name-lookup|select-accounts|token[\\/]named-mailbox|unknown-account)|stores[\\/](?:addon-failure|audit-queue-rest|sqlite-commit)|system[\\/](?:files[\\/](?:file-failure|new-file|temp-files)|paths-rest)|ui[\\/](?:layout|theme)|vault[\\/](?:damage|data-keys|keyring-rest))\.ts$/;

/** An export of one chunk for others, as a getter or as an assignment. */
const EXPORT =
  /Object\.defineProperty\(exports, "(\w+)", \{\s*enumerable: true,\s*get: function \(\) \{\s*return ([\w$]+);\s*\}\s*\}\);\n?|^exports\.(\w+) = ([\w$]+);\n/gm;

/** A copy of a module of Node with a getter for each of its hundred functions, which only a default import needs. */
const COPIED = /^(node_\w+) = require_rolldown_runtime\.__toESM\(\1, 1\);\n/gm;

const FORMAT = {
  format: 'cjs',
  strict: true,
  minify: false,
  plugins: [{ name: 'require-commonjs', renderChunk: requireCommonJs }],
  comments: { legal: true, annotation: false, jsdoc: false },
};

const builtins = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));

/**
 * Bundles the command line. Every dynamic import becomes a chunk of its own, so that a command loads what it
 * needs and no more. Names and lines stay as they are: a stack trace of a security tool should be readable.
 *
 * @param {string} root the repository
 * @param {string} folder where the chunks go
 * @returns {Promise<string[]>} folders of the packages that became part of the bundle, absolute
 */
export async function bundle(root, folder) {
  const build = await rolldown({
    ...source(root),
    input: join(root, 'src', 'main.ts'),
    preserveEntrySignatures: 'allow-extension',
  });
  const { output } = await build.write({
    ...FORMAT,
    dir: folder,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: {
      groups: [
        { name: 'seldom', test: SELDOM, includeDependenciesRecursively: false },
        { name: 'main', test: TOKEN_PATH },
        { name: 'helper', test: HELPERS, includeDependenciesRecursively: false },
        { name: 'key-sources', test: KEY_SOURCES, includeDependenciesRecursively: false },
      ],
    },
    plugins: [
      ...FORMAT.plugins,
      { name: 'plain-exports', renderChunk: plainExports },
      { name: 'seldom-late', renderChunk: loadSeldomLate },
    ],
  });
  await build.close();
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  return [...new Set(modules.map(packageFolder).filter((found) => found !== null))].sort();
}

/**
 * Bundles the completion into one file: with chunks that the command line uses too, it would load many times what it needs.
 *
 * @param {string} root the repository
 * @param {string} folder where it goes
 */
export async function bundleCompletion(root, folder) {
  await oneFile(root, join(root, 'src', 'complete.ts'), join(folder, 'complete.cjs'));
}

/**
 * Loads scripts/reference.ts, which is TypeScript and imports the commands.
 *
 * @param {string} root the repository
 * @param {string} folder for a file that is gone again when this returns
 */
export async function loadReference(root, folder) {
  const file = join(folder, 'reference.cjs');
  await oneFile(root, join(root, 'scripts', 'reference.ts'), file);
  const loaded = createRequire(import.meta.url)(file);
  rmSync(file);
  return loaded;
}

async function oneFile(root, input, file) {
  const build = await rolldown({ ...source(root), input });
  await build.write({ ...FORMAT, file, codeSplitting: false });
  await build.close();
}

function source(root) {
  return {
    cwd: root,
    platform: 'node',
    plugins: [{ name: 'uncalled', load: withoutUncalled }],
    external: (id) => LEFT_OUTSIDE.includes(id) || builtins.has(id),
    onLog(level, log, handle) {
      // A way to fail may load lazily what a way to succeed has loaded already.
      if (log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return;
      handle(level === 'warn' ? 'error' : level, log);
    },
  };
}

function withoutUncalled(id) {
  if (UNCALLED.test(id)) return 'module.exports = null;';
  if (id.endsWith(LATE)) return readFileSync(id.slice(0, -LATE.length), 'utf8');
  if (!CALLED_LATE.test(id)) return null;
  const real = JSON.stringify(`${id}${LATE}`);
  return `module.exports = async function (...args) { return (await import(${real})).default.apply(this, args); };`;
}

function requireCommonJs(code) {
  return code
    .replace(REQUIRABLE, 'Promise.resolve().then(() => require("$1"))')
    .replace(COPIED, (copy, name) => (code.includes(`${name}.default`) ? copy : ''));
}

/** One assignment for all exports. The bindings of a chunk that change after it was loaded keep their getters. */
function plainExports(code) {
  const named = [];
  const rest = code.replace(EXPORT, (line, getter, got, name = getter, value = got) => {
    if (got !== undefined && new RegExp(`^let ${got.replace('$', '\\$')}\\b`, 'm').test(code)) return line;
    named.push(name === value ? name : `${name}: ${value}`);
    return '';
  });
  return named.length === 0 ? null : `${rest.trimEnd()}\nObject.assign(exports, { ${named.join(', ')} });\n`;
}

/** Its first use loads it, where an import would load it with the chunk. */
function loadSeldomLate(code) {
  return code
    .replace(/^const require_seldom = (.*);$/m, 'let seldom;\nconst require_seldom = () => (seldom ??= $1);')
    .replace(/\brequire_seldom\b(?=\.)/g, 'require_seldom()');
}

/** @returns {string | null} the folder of the package a module belongs to; null for this project's own modules */
function packageFolder(moduleId) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(moduleId)?.[0] ?? null;
}
