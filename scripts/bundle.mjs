import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

/** Native addons, and a package that runs helper files of its own: they stay in node_modules. */
const LEFT_OUTSIDE = ['better-sqlite3', 'keytar', 'open'];

/** Of these the CommonJS ones: Node's ES module loader, which import() starts, costs 5 ms and more for nothing. */
const COMMONJS = ['better-sqlite3', 'keytar'];

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
    input: { main: join(root, 'src', 'main.ts') },
    cwd: root,
    platform: 'node',
    external: (id) => LEFT_OUTSIDE.includes(id) || builtins.has(id),
    onLog(level, log, handle) {
      handle(level === 'warn' ? 'error' : level, log);
    },
  });
  const { output } = await build.write({
    dir: folder,
    format: 'cjs',
    strict: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: '[name].cjs',
    minify: false,
    plugins: [{ name: 'require-commonjs', renderChunk: requireCommonJs }],
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  await build.close();
  const modules = output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
  return [...new Set(modules.map(packageFolder).filter((found) => found !== null))].sort();
}

function requireCommonJs(code) {
  const names = COMMONJS.join('|');
  return code.replace(
    new RegExp(`\\bimport\\("(${names})"\\)`, 'g'),
    'Promise.resolve().then(() => require("$1"))',
  );
}

/** @returns {string | null} the folder of the package a module belongs to; null for this project's own modules */
function packageFolder(moduleId) {
  return /^.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(moduleId)?.[0] ?? null;
}
