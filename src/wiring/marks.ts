import type { Marks } from '../stores/contract.js';
import type { Files, Paths } from '../system/contract.js';

/** What is kept of a vault outside its database. A folder that is reached by several names is one place. */
export async function marksWith(paths: Paths, files: Files): Promise<Marks> {
  const [{ markFolder }, { machineIdentity }, { realpathSync }] = await Promise.all([
    import('../stores/marks.js'),
    import('../system/machine.js'),
    import('node:fs'),
  ]);
  const machine = machineIdentity(files, paths.machineFile);
  return markFolder(paths.marks, [machine, realpathSync(paths.data)], files);
}
