import { delimiter, isAbsolute, join } from 'node:path';
import { fine, problem, skipped } from '../domain/finding.js';
import type { Check, HealthDeps } from './contract.js';

/** Whether the command that tells people of trouble could be run. */
export const notify: Check = {
  name: 'notify',
  title: 'notify',
  group: 'surroundings',
  async run(deps) {
    const { config } = await deps.settings();
    const [program] = config.notify ?? [];
    if (program === undefined) return [skipped('no command is set that tells you of trouble')];
    const file = deps.paths.configFile;
    const found = findProgram(program, deps);
    if (found === null) {
      const message = `the notify command ${program} is not there`;
      return [
        problem(
          'config_invalid',
          message,
          `correct notify in ${deps.commands.quoted(file)}, by the whole path of the program`,
        ),
      ];
    }
    if (!deps.look.may('execute', found)) {
      const message = `the notify command ${found} cannot be run`;
      return [problem('config_invalid', message, `chmod u+x ${deps.commands.quoted(found)}`)];
    }
    return [fine(`${found} would be told`)];
  },
};

/** As a shell would find it. A relative path would depend on where a command happens to be run. */
function findProgram(program: string, { env, look }: HealthDeps): string | null {
  const places = isAbsolute(program)
    ? [program]
    : program.includes('/')
      ? []
      : (env['PATH'] ?? '')
          .split(delimiter)
          .filter(isAbsolute)
          .map((folder) => join(folder, program));
  return places.find((path) => look.real(path) !== null) ?? null;
}
