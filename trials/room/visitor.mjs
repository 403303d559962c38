// The browser of a person: takes its time to start, goes by the start page to the provider, consents there as the person
// who is ticked, and comes back with the cookie.
import { setTimeout as sleep } from 'node:timers/promises';

const [delay, start] = process.argv.slice(2);
await sleep(Number(delay));
const get = (url, init = {}) => fetch(url, { redirect: 'manual', ...init });

const first = await get(start);
if (first.status !== 303) throw new Error(`the start page answered ${first.status}`);
const cookie = first.headers.getSetCookie()[0].split(';', 1)[0];
const authorize = first.headers.get('location');
const consent = await (await get(authorize)).text();
const form = new URLSearchParams({ decision: 'allow' });
for (const [input] of consent.matchAll(/<input [^>]*>/g)) {
  const part = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1] ?? '';
  if (part('type') === 'hidden' || /\schecked\b/.test(input)) form.append(part('name'), part('value'));
}
const action = /<form method="post" action="([^"]+)"/.exec(consent)[1];
const answer = await get(new URL(action, authorize), { method: 'POST', body: form });
await (await fetch(answer.headers.get('location'), { headers: { cookie } })).text();
