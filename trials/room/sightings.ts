import { readFileSync } from 'node:fs';

/** Milliseconds between two looks: the shortest of our processes lives ten times as long. */
const PACE = 4;

/** What every user of a machine can see of the processes that a command starts: arguments, and to its own user, the environment. */
export interface Sightings {
  /** Ends the watching. @returns all that was seen, and of how many processes */
  seen(): { readonly text: string; readonly processes: number };
}

/** @param command its own environment is what its user gave it, and is not looked at; its arguments are */
export function watch(command: number): Sightings {
  const texts = new Map<string, string>();
  const look = () => {
    texts.set(`${command} arguments`, proc(command, 'cmdline'));
    for (const pid of descendants(command)) {
      const [args, env] = [proc(pid, 'cmdline'), proc(pid, 'environ')];
      // Between fork and exec a child still looks like its parent.
      if (args === texts.get(`${command} arguments`)) continue;
      if (args !== '') texts.set(`${pid} arguments`, args);
      if (env !== '') texts.set(`${pid} environment`, env);
    }
  };
  const timer = setInterval(look, PACE);
  return {
    seen() {
      clearInterval(timer);
      const processes = new Set([...texts.keys()].map((key) => key.split(' ', 1)[0])).size;
      const text = [...texts.values()].join('\n').replaceAll('\0', '\n');
      // A proxy and its password are the user's own, who gives them to every program.
      return { text: text.replace(/^HTTPS?_PROXY=.*$/gm, ''), processes };
    },
  };
}

function descendants(pid: number): number[] {
  const children = proc(pid, `task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function proc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1');
  } catch {
    // It has ended meanwhile.
    return '';
  }
}
