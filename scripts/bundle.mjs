import { rmSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** A native addon and a package that runs helper files of its own stay in node_modules; so does the native half of better-sqlite3. */
const LEFT_OUTSIDE = ['keytar', 'open'];

/** What is CommonJS or Node's own need not start the ES module loader, which costs 5 ms and more: require() will do. */
const REQUIRABLE = /\bimport\("(keytar|node:[\w/]+)"\)/g;

/**
 * With all that these import, they are what a valid `vault token` runs through. They become one chunk, because each
 * file costs a fifth of a millisecond to find, read and compile, and there would be twenty.
 */
const TOKEN_PATH =
  /[\\/]src[\\/](?:main|fast-lane|context|ui[\\/]create-io|commands[\\/]token)\.ts$|better-sqlite3/;

/** An export of one chunk for others: a function and a call for each of them, where an assignment does. */
const GETTER =
  /Object\.defineProperty\(exports, "(\w+)", \{\s*enumerable: true,\s*get: function \(\) \{\s*return ([\w$]+);\s*\}\s*\}\);/g;

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
  const build = await rolldown({ ...source(root), input: { start: join(root, 'src', 'main.ts') } });
  const { output } = await build.write({
    ...FORMAT,
    dir: folder,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    codeSplitting: { groups: [{ name: 'main', test: TOKEN_PATH }] },
    plugins: [
      ...FORMAT.plugins,
      { name: 'plain-exports', renderChunk: plainExports },
      { name: 'one-start', generateBundle: (_, files) => void delete files['start.cjs'] },
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
    external: (id) => LEFT_OUTSIDE.includes(id) || builtins.has(id),
    onLog(level, log, handle) {
      // A way to fail may load lazily what a way to succeed has loaded already.
      if (log.code === 'INEFFECTIVE_DYNAMIC_IMPORT') return;
      handle(level === 'warn' ? 'error' : level, log);
    },
  };
}

function requireCommonJs(code) {
  return code.replace(REQUIRABLE, 'Promise.resolve().then(() => require("$1"))');
}

/** The bindings of a chunk that change after it was loaded keep their getters. */
function plainExports(code) {
  return code.replace(GETTER, (getter, name, value) =>
    new RegExp(`^let ${value.replace('$', '\\$')}\\b`, 'm').test(code)
      ? getter
      : `exports.${name} = ${value};`,
  );
}

/** @returns {string | null} the folder of the package a module belongs to; null for this project's own modules */
function packageFolder(moduleId) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(moduleId)?.[0] ?? null;
}
