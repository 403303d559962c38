import { fileURLToPath } from 'node:url';

export const SHELLS = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof SHELLS)[number];

/** Written by the build from src/completions/, which is where they are when nothing is built. */
const FOLDER = new URL('../completions/', import.meta.url);

const NAMES: Readonly<Record<Shell, (program: string) => string>> = {
  bash: (program) => `${program}.bash`,
  zsh: (program) => `_${program}`,
  fish: (program) => `${program}.fish`,
  powershell: (program) => `${program}.ps1`,
};

/** The file with the completion of a shell for a program name. */
export function scriptPath(shell: Shell, program: string): string {
  return fileURLToPath(new URL(NAMES[shell](program), FOLDER));
}

/** Whether a text is such a script, of whatever version. */
export function isScript(text: string, shell: Shell, program: string): boolean {
  return text.includes(`# Completion of ${program} for ${shell}`);
}
