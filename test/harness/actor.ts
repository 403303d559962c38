import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Another process that works on a vault through the built library. */
export interface Actor {
  /** Resolves to what the task gives; rejects with a {@link TaskFailure}. See actor.mjs for the tasks. */
  ask<T>(task: string, given?: Readonly<Record<string, unknown>>): Promise<T>;
  /** Begins a task that is not meant to end, and resolves when it has begun. */
  begin(task: string, given: Readonly<Record<string, unknown>>): Promise<void>;
  /** As `kill -9`; resolves when the process is gone. */
  kill(): Promise<void>;
}

/** How a task failed, as far as it can be told across processes. */
class TaskFailure extends Error {
  readonly code: string | null;
  readonly thrown: string;

  constructor(failure: { readonly name: string; readonly code: string | null; readonly message: string }) {
    super(failure.message);
    this.thrown = failure.name;
    this.code = failure.code;
  }
}

interface Message {
  readonly started?: boolean;
  readonly answer?: unknown;
  readonly failure?: ConstructorParameters<typeof TaskFailure>[0];
}

const SCRIPT = fileURLToPath(new URL('actor.mjs', import.meta.url));

/** @param env besides the PATH, which is all that is passed on */
export async function startActor(env: Readonly<Record<string, string>> = {}): Promise<Actor> {
  const child = fork(SCRIPT, {
    env: { PATH: process.env['PATH'], ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  await nextMessage(child);
  return {
    async ask<T>(task: string, given: Readonly<Record<string, unknown>> = {}) {
      const answered = nextMessage(child);
      child.send({ task, ...given });
      const { answer, failure } = await answered;
      if (failure !== undefined) throw new TaskFailure(failure);
      return answer as T;
    },
    async begin(task, given) {
      const begun = nextMessage(child);
      child.send({ task, ...given });
      await begun;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

/** Starts several at once, gives them to the work, and kills them whatever comes of it. */
export async function withActors<T>(
  count: number,
  work: (actors: readonly Actor[]) => Promise<T>,
  env: Readonly<Record<string, string>> = {},
): Promise<T> {
  const actors = await Promise.all(Array.from({ length: count }, () => startActor(env)));
  try {
    return await work(actors);
  } finally {
    await Promise.all(actors.map((actor) => actor.kill()));
  }
}

function nextMessage(child: ChildProcess): Promise<Message> {
  return new Promise((resolve, reject) => {
    const onExit = () => reject(new Error('the process ended instead of answering'));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message as Message);
    });
  });
}
