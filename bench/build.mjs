import { execFileSync, spawn } from 'node:child_process';
import { once as event } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './measure.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The name of the account that single tokens are asked for. */
export const ACCOUNT = 'bench/user-00000@example.com';

/**
 * Builds another commit, in a folder of its own, with the packages that are installed here.
 *
 * @param {string} commit
 * @param {string} work where the folder goes
 * @returns {string} the folder
 */
export function checkOut(commit, work) {
  const root = join(work, 'against');
  mkdirSync(root);
  const archive = execFileSync('git', ['archive', commit], { cwd: ROOT, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', root], { input: archive });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: root, stdio: 'inherit' });
  return root;
}

/**
 * A build of the program, with vaults that it has made itself.
 *
 * @param {string} root the repository that holds it. Its `bench/fill.mjs` and `bench/queries.mjs` are used, so their command
 *   lines have to stay as they are.
 * @param {{ work: string, env: NodeJS.ProcessEnv, server: { endpoint: (delay: number) => string } }} shared
 */
export function createBuild(root, { work, env: bare, server }) {
  const program = join(root, 'bin', 'vault.js');
  const made = new Map();
  const agents = [];

  /** What was made before is used again. */
  function once(make, { source = 'file', count, delay = 0, env = bare }) {
    const wanted = { source, count, delay, env };
    const key = `${make.name} ${source} ${count} ${delay}`;
    if (!made.has(key)) made.set(key, make(wanted));
    return made.get(key);
  }

  async function makeVault({ source, count, delay, env }) {
    const home = mkdtempSync(join(work, 'home-'));
    const own = { ...env, HOME: home };
    const config = join(home, '.config', 'token-vault');
    const endpoint = server.endpoint(delay);
    await run(process.execPath, [program, 'init', '--key-source', source], own);
    addProvider(config, endpoint);
    await script('fill.mjs', [source, String(count), endpoint], own);
    return { env: own, data: join(home, '.local', 'share', 'token-vault'), config };
  }

  function script(name, args, env) {
    return run(process.execPath, [join(root, 'bench', name), ...args], env);
  }

  async function startAgent(wanted) {
    const { env } = await build.vault(wanted);
    const { stdout } = await build.run(env, ['agent', '--socket-path']);
    const agent = spawn(process.execPath, [program, 'agent'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
    agents.push(agent);
    process.once('exit', () => agent.kill('SIGKILL'));
    const ended = event(agent, 'exit').then(() => Promise.reject(new Error('the agent has ended')));
    await Promise.race([event(agent.stderr, 'data'), ended]);
    // Expected from here on.
    ended.catch(() => undefined);
    const status = `/proc/${agent.pid}/status`;
    return {
      socket: stdout.trim(),
      megabytes: () => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(status, 'utf8'))[1]) / 1024,
    };
  }

  const build = {
    vault: (wanted) => once(makeVault, wanted),
    agent: (wanted) => once(startAgent, wanted),
    run: (env, args, input) => run(process.execPath, [program, ...args], env, input),
    /** @returns a sampler of its milliseconds, in a vault that is made as {@link vault} says */
    async command(wanted, ...args) {
      const { env } = await build.vault(wanted);
      return async () => (await build.run(env, args)).milliseconds;
    },
    /** @returns a sampler of its megabytes at the peak */
    async memory(wanted, ...args) {
      const { env } = await build.vault(wanted);
      const code = `process.on('exit', () => process.stderr.write('kB=' + process.resourceUsage().maxRSS));
        require(${JSON.stringify(program)})`;
      return async () => {
        const { stderr } = await run(process.execPath, ['--eval', code, program, ...args], env);
        return Number(/kB=(\d+)$/.exec(stderr)[1]) / 1024;
      };
    },
    /** @returns a sampler of the milliseconds of the slowest query of the store */
    async slowestQuery(wanted) {
      const { env } = await build.vault(wanted);
      return async () => JSON.parse((await script('queries.mjs', [ACCOUNT], env)).stdout).milliseconds;
    },
    async close() {
      for (const agent of agents) {
        agent.kill('SIGTERM');
        if (agent.exitCode === null) await event(agent, 'exit');
      }
    },
  };
  return build;
}

/** Beside the key source that `vault init` wrote down. */
function addProvider(folder, endpoint) {
  const file = join(folder, 'config.json');
  const settings = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const authorizationEndpoint = endpoint.replace(/token$/, 'authorize');
  // As over TLS, nobody has to look up who listens.
  const bench = { authorizationEndpoint, tokenEndpoint: endpoint, clientId: 'bench', insecureLoopback: true };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(file, JSON.stringify({ ...settings, providers: { bench } }), { mode: 0o600 });
}
