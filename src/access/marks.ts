import { isAbsolute, relative } from 'node:path';
import type { RollbackMarks } from '../stores/rollback-marks.js';
import type { Files, Paths } from '../system/contract.js';

/** The rollback marks of a vault, outside its database. A folder that has several names is one place. */
export async function marksWith(paths: Paths, files: Files): Promise<RollbackMarks> {
  const [{ rollbackMarks, secondMarks }, { machineIdentity }, { fileBirth }, { realpathSync }] =
    await Promise.all([
      import('../stores/rollback-marks.js'),
      import('../system/machine.js'),
      import('../system/files/read-only.js'),
      import('node:fs'),
    ]);
  const machine = machineIdentity(files, paths.machineFile);
  const marks = rollbackMarks(paths.marks, [machine, realpathSync(paths.data)], files);
  const birth = () => fileBirth(paths.database);
  const place = paths.secondMarks;
  if (place === null) return { ...marks, birth };
  // The one may be reached through a link in the other.
  const real = (path: string) => {
    try {
      return realpathSync(path);
    } catch {
      return path;
    }
  };
  const apart = [place.folder, real(place.home), real(place.folder)].every(
    (path) => !isWithin(path, place.apart) && !isWithin(path, real(place.apart)),
  );
  return { ...marks, birth, second: apart ? secondMarks(place.folder, place.home, files) : undefined };
}

function isWithin(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith('../') && !way.startsWith('..\\') && !isAbsolute(way);
}
