import type { Walker } from './login.js';

const MAX_STEPS = 12;

/**
 * Goes through oidc-provider's own pages as a person called `login` would, with cookies, to the last one: the listener's,
 * or the one that sends people back to the device the code came from.
 */
/** @param changed over the parameters of the last redirect */
type ChangingWalker = (address: string, changed?: Readonly<Record<string, string>>) => ReturnType<Walker>;

export function signingInAs(login: string): ChangingWalker {
  return async (address, changed = {}) => {
    const cookies = new Map<string, string>();
    let url = address;
    let form: URLSearchParams | null = null;
    for (let step = 0; step < MAX_STEPS; step += 1) {
      const response = await fetch(url, {
        method: form ? 'POST' : 'GET',
        redirect: 'manual',
        headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
        ...(form ? { body: form } : {}),
      });
      keep(cookies, response.headers.getSetCookie());
      const page = await response.text();
      const location = response.headers.get('location');
      form = null;
      if (location !== null) {
        const next = new URL(location, url);
        if (next.searchParams.has('code'))
          for (const [name, value] of Object.entries(changed)) next.searchParams.set(name, value);
        url = next.href;
        continue;
      }
      const action = /<form [^>]*action="([^"]+)"/.exec(page)?.[1];
      if (action === undefined) return { status: response.status, url, page };
      const hidden = page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g);
      form = new URLSearchParams(
        [...hidden].map(([, name = '', value = '']): [string, string] => [name, value]),
      );
      if (form.get('prompt') === 'login') for (const name of ['login', 'password']) form.set(name, login);
      url = new URL(action, url).href;
    }
    throw new Error(`the login pages never came to an end; the last one was ${url}`);
  };
}

function keep(cookies: Map<string, string>, lines: readonly string[]): void {
  for (const line of lines) {
    const [name, value] = line.split(';', 1)[0]?.split(/=(.*)/) ?? [];
    if (name !== undefined && value !== undefined) cookies.set(name.trim(), value);
  }
}
