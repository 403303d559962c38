import { VaultError } from '../domain/errors.js';
import type { DemoRequest, DemoTalk, ExecRequest, TokenRequest, ValidToken } from '../services/contract.js';
import type { Host } from '../system/contract.js';

/* How app.ts wires what runs other programs: `exec`, and the demo, which runs this one. Loaded when first called. */

export interface ChildrenParts {
  readonly host: Host;
  readonly token: (request: TokenRequest) => Promise<ValidToken>;
  /** Gives up keys, files and helpers; the next token takes them up again. */
  readonly rest: () => Promise<void>;
}

export function childrenWith({ host, token, rest }: ChildrenParts) {
  const { env, takeSignals } = host;

  return {
    async exec(request: ExecRequest, warn: (line: string) => void): Promise<number> {
      const [{ execute }, { runInForeground }] = await Promise.all([
        import('../services/token/exec.js'),
        import('../system/processes/foreground.js'),
      ]);
      if (takeSignals === null) throw new VaultError('usage', 'exec belongs to the command line');
      return execute(
        { token, rest, env, run: (program, args, own) => runInForeground(program, args, own, takeSignals) },
        request,
        warn,
      );
    },

    async demo(request: DemoRequest, talk: DemoTalk): Promise<void> {
      const [{ runDemo, demoEnvironment }, { runChild }] = await Promise.all([
        import('../demo/walk.js'),
        import('../system/processes/child.js'),
      ]);
      if (host.self === null) throw new VaultError('usage', 'the demo belongs to the command line');
      const [interpreter, script] = host.self;
      const clean = demoEnvironment(env);
      await runDemo(
        {
          runVault: (args, extra, onLine) =>
            runChild(interpreter, [script, ...args], { ...clean, ...extra }, onLine),
        },
        request,
        talk,
      );
    },
  };
}
