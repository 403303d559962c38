import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DONE,
  orderLine,
  type RefreshReportLine,
  readReport,
} from '../../../src/access/refresher-protocol.js';
import { type ServeContext, serveRefreshes } from '../../../src/services/refresh/refresher-server.js';
import { type Spill, spillFolder } from '../../../src/stores/spill.js';
import type { Answer } from '../../doubles/local-server.js';
import { renewed } from '../../doubles/token-endpoint.js';
import { ALICE } from '../../harness/test-context.js';
import { type RefreshTest, refreshTest } from './refresh-test.js';

let stage: RefreshTest;
let spill: Spill;
let answer: Answer;
beforeEach(async () => {
  answer = renewed();
  stage = await refreshTest((response, request) => answer(response, request));
  const { folder, files, clock } = stage;
  spill = spillFolder({ folder: join(folder, 'spill'), files, clock, name: 'refresher', slots: 1 });
});
afterEach(async () => {
  spill.close();
  await stage.close();
});

/** Accounts of this number, whose tokens have ended. */
const accounts = (count: number) =>
  Promise.all(
    Array.from({ length: count }, (_, index) => {
      const label = `user-${index}`;
      return stage.addExpired({ label }, { identity: { ...ALICE, subject: label } });
    }),
  );

/** Lets the refresher carry out an order for each account, all at once. @returns its reports */
async function served(
  count: number,
  over: Partial<ServeContext> = {},
  policy: 'short' | 'long' = 'short',
): Promise<RefreshReportLine[]> {
  const ctx: ServeContext = {
    ...{ ...stage, ...stage.deps },
    host: { pid: 4711, versions: process.versions, ownNode: false } as unknown as ServeContext['host'],
    vault: async () => stage.vault,
    spill: async () => spill,
    release: async () => undefined,
    ...over,
  };
  const found = await accounts(count);
  const lines: string[] = [];
  const orders = found.map((account) => orderLine({ account, policy, evenIfOpen: false }));
  const given = (async function* () {
    yield* orders;
  })();
  await serveRefreshes(ctx, { concurrency: 1 }, given, (line) => void lines.push(line));
  expect(lines.pop()).toBe(`${DONE}\n`);
  return lines.map((line) => readReport(line)).filter((report) => report !== null);
}

/** Waits for this many requests before it answers the first. */
function onceThereAre(count: number): Answer {
  const waiting: (() => void)[] = [];
  return (response, request) => {
    waiting.push(() => renewed()(response, request));
    if (waiting.length === count) for (const answerOne of waiting) answerOne();
  };
}

describe('a refresher', () => {
  it('accepts more orders at a time than it was started for', async () => {
    answer = onceThereAre(5);
    const reports = await served(5);
    expect(reports.map(({ kind }) => kind)).toEqual(Array(5).fill('refreshed'));
    spill.close();
    expect(readdirSync(join(stage.folder, 'spill'))).toEqual([]);
  });

  it('sends one request at a time for a bulk run of that concurrency', async () => {
    let [now, most] = [0, 0];
    answer = (response, request) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        renewed()(response, request);
      }, 5);
    };
    const reports = await served(5, {}, 'long');
    expect(reports.map(({ kind }) => kind)).toEqual(Array(5).fill('refreshed'));
    expect(most).toBe(1);
  });

  it('finishes the other refreshes after a bug in one, and reports both', async () => {
    let asked = 0;
    const provider: ServeContext['provider'] = (name) => {
      asked += 1;
      if (asked === 1) throw new TypeError('a bug');
      return stage.deps.provider(name);
    };
    const reports = await served(3, { provider });
    expect(reports.map(({ kind }) => kind).sort()).toEqual(['error', 'refreshed', 'refreshed']);
    expect(reports.find(({ kind }) => kind === 'error')?.error?.code).toBe('unexpected');
  });
});
