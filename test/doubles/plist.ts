/** What a property list may hold, as far as ours do. */
export type PlistValue =
  | string
  | number
  | boolean
  | readonly PlistValue[]
  | { readonly [key: string]: PlistValue };

/**
 * Reads a property list as a strict XML reader would: every tag closed, every text escaped, nothing left over. Throws
 * where it is not one.
 */
export function readPlist(text: string): PlistValue {
  const prolog = /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<!DOCTYPE plist [^>]*>\n<!--((?!--).)*-->\n/;
  if (!prolog.test(text)) throw new Error('the prolog of the list is odd');
  const tokens = (text.replace(prolog, '').match(/<[^<>]*>|[^<>]+/g) ?? []).filter(
    (token) => token.trim() !== '',
  );
  if (tokens.join('').replace(/\s/g, '') !== text.replace(prolog, '').replace(/\s/g, ''))
    throw new Error('a < or > stands alone');
  let at = 0;
  const next = () => {
    const token = tokens[at++];
    if (token === undefined) throw new Error('the list ends too early');
    return token;
  };
  const expect = (token: string) => {
    if (next() !== token) throw new Error(`${token} is missing before ${tokens[at]}`);
  };

  function words(tag: string): string {
    if (tokens[at] === `</${tag}>`) {
      at += 1;
      return '';
    }
    const raw = next();
    if (raw.startsWith('<') || /&(?!(?:amp|lt|gt);)/.test(raw)) throw new Error(`odd text: ${raw}`);
    expect(`</${tag}>`);
    return raw.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  }

  function value(): PlistValue {
    const token = next();
    switch (token) {
      case '<true/>':
        return true;
      case '<false/>':
        return false;
      case '<string>':
        return words('string');
      case '<integer>':
        return Number(words('integer'));
      case '<dict/>':
        return {};
      case '<array>':
        return [...until('</array>', value)];
      case '<dict>':
        return Object.fromEntries(
          until('</dict>', (): readonly [string, PlistValue] => {
            expect('<key>');
            return [words('key'), value()];
          }),
        );
      default:
        throw new Error(`no value: ${token}`);
    }
  }

  function until<T>(end: string, read: () => T): T[] {
    const found: T[] = [];
    while (tokens[at] !== end) found.push(read());
    at += 1;
    return found;
  }

  expect('<plist version="1.0">');
  const read = value();
  expect('</plist>');
  if (at !== tokens.length) throw new Error('something stands after the list');
  return read;
}
