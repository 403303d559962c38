import type { Host } from '../system/contract.js';
import { parentOf } from '../system/processes/parent.js';

/** The process that started this one. @param byShell the one that started the shell that did */
export function askingProcess({ parentPid }: Pick<Host, 'parentPid'>, byShell: boolean): number {
  return (byShell ? parentOf(parentPid) : null) ?? parentPid;
}
