import { VaultError } from '../domain/errors.js';
import type { DemoRequest, DemoTalk } from '../services/contract.js';
import type { Host } from '../system/contract.js';

/* How app.ts wires the demo, which runs this program. Loaded when first called. */

export function childrenWith(host: Host) {
  return {
    async demo(request: DemoRequest, talk: DemoTalk): Promise<void> {
      const [{ runDemo, demoEnvironment }, { runChild }] = await Promise.all([
        import('../demo/walk.js'),
        import('../system/processes/child.js'),
      ]);
      if (host.self === null) throw new VaultError('usage', 'the demo belongs to the command line');
      const [interpreter, script] = host.self;
      const clean = demoEnvironment(host.env);
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
