/** The sections of an INI file: name → key in lower case → value. Comments and lines before the first section are left out. */
export function iniSections(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> | null = null;
  for (const line of text.split(/\r?\n/)) {
    const [, name] = /^\s*\[(.+)\]\s*$/.exec(line) ?? [];
    if (name !== undefined) {
      current = sections.get(name) ?? Object.create(null);
      sections.set(name, current ?? {});
      continue;
    }
    const [, key, value = ''] = /^\s*([^#;=:\s][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line) ?? [];
    if (current !== null && key !== undefined) current[key.toLowerCase()] = value;
  }
  return sections;
}
