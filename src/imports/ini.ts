/** The sections of an INI file: name → key in lower case → value. Comments and lines before the first section are left out. */
export function iniSections(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> | null = null;
  // Each line is searched once: a file of blanks must not take hours.
  for (const line of text.split('\n').map((each) => each.trim())) {
    const [, name] = /^\[(.+)\]$/.exec(line) ?? [];
    if (name !== undefined) {
      current = sections.get(name) ?? Object.create(null);
      sections.set(name, current ?? {});
      continue;
    }
    const end = line.search(/[=:]/);
    if (current !== null && end > 0 && !/^[#;]/.test(line))
      current[line.slice(0, end).trim().toLowerCase()] = line.slice(end + 1).trim();
  }
  return sections;
}
