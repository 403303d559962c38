// Starts many commands at once and reports how each ended. It is a process of its own because starting a process blocks
// the one that starts it, and the server that all of them ask must stay quick.
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

const { commands, cwd, env } = JSON.parse(await text(process.stdin));
const ends = await Promise.all(commands.map(run));
process.stdout.write(JSON.stringify(ends));

async function run({ argv: [program, ...rest], delay }) {
  await sleep(delay);
  const child = spawn(program, rest, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((resolve) => {
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const [stdout, stderr, end] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { ...end, stdout, stderr };
}
