import type { Walker } from './login.js';

const MAX_STEPS = 12;

/** Goes through oidc-provider's own pages as a person called `login` would, with cookies, and ends on the listener's page. */
export function signingInAs(login: string): Walker {
  return async (authorizationUrl) => {
    const cookies = new Map<string, string>();
    let url = authorizationUrl;
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
        url = new URL(location, url).href;
        continue;
      }
      const action = /<form [^>]*action="([^"]+)"/.exec(page)?.[1];
      if (action === undefined) return { status: response.status, url, page };
      const prompt = /name="prompt" value="([^"]+)"/.exec(page)?.[1] ?? '';
      form = new URLSearchParams(prompt === 'login' ? { prompt, login, password: 'any' } : { prompt });
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
