import type { DemoAnswer } from '../src/demo/contract.js';
import { Secret } from '../src/domain/secret.js';
import type { TokenAnswer } from '../src/oauth/contract.js';
import { readTokenAnswer } from '../src/oauth/token-answer.js';
import { catalogue } from '../src/providers/index.js';
import type { Trial } from './contract.js';
import { mutated, type PlantedSecrets } from './room/answers.js';
import { type Tally, tally } from './room/rounds.js';
import { openStage, type Stage, told } from './room/stage.js';

/** One in so many goes through the whole command line. */
const WHOLE = 50;
/** Milliseconds; a reader that takes longer hangs. */
const HANG = 2_000;
/** Characters of a secret that are as good as the whole of it. */
const TAIL = 16;
/** Exit codes that an answer can lead to. */
const POSSIBLE: readonly (number | null)[] = [0, 4, 5, 11];
/** Whose ways of saying no are known. */
const PROVIDERS = ['google', 'microsoft', 'notion'].map((name) => catalogue.builtIn(name, {}));
/** As often as one refresh token is sent. */
const SENDS = 2;

/** Answers that were honest once: cut, doubled, swapped, nested, of another type, with a byte flipped. */
export const mutatedAnswers: Trial = {
  name: 'mutated-answers',
  promise: 'no answer of a token endpoint, however broken, makes the vault crash, hang or tell a secret',
  rounds: 10_000,
  needs: ['the built command line', '/proc'],

  async run(context) {
    const score = tally();
    const stage = await openStage();
    for (let round = context.from; round < context.from + context.rounds; round += 1) {
      const { answer, secrets, called } = mutated(context.random(round));
      readOne(answer, secrets, round, score);
      if (round % WHOLE === 0) {
        stage.canaries.accessToken(secrets.access);
        stage.canaries.secret(secrets.refresh, secrets.identity, secrets.sent);
        for (const secret of Object.values(secrets))
          if (secret === called) stage.canaries.accessToken(secret);
        await throughTheCommand(stage, answer, round, score);
      }
    }
    // Looks for every secret in every output and every file.
    for (const trace of await stage.close()) {
      score.count('canaries');
      score.broken(null, trace);
    }
    return {
      figure: `${context.rounds} answers read (${score.of('granted')} granted, ${score.of('refused')} refused), ${score.of('commands')} of them through the command line: ${score.of('crashes')} crashes, ${score.of('hangs')} hangs, ${score.of('canaries')} canaries`,
      broken: score.all,
    };
  },
};

function readOne(answer: DemoAnswer, secrets: PlantedSecrets, round: number, score: Tally): void {
  const begun = Date.now();
  try {
    const provider = PROVIDERS[round % PROVIDERS.length];
    if (!provider) throw new RangeError('no such provider');
    const read = readTokenAnswer(answer, provider.errors, begun, [new Secret(secrets.sent)]);
    score.count(read.kind);
    const words = wordsOf(read);
    for (const [name, secret] of Object.entries(secrets)) {
      if (!words.includes(secret.slice(-TAIL))) continue;
      score.count('canaries');
      score.broken(round, `the ${name} token stands in words that are shown: ${words}`);
    }
  } catch (failure) {
    score.count('crashes');
    score.broken(round, `the reader crashed: ${failure}`);
  }
  if (Date.now() - begun <= HANG) return;
  score.count('hangs');
  score.broken(round, `the reader took ${Date.now() - begun} ms`);
}

/** All that may be printed or logged of an answer. */
function wordsOf(read: TokenAnswer): string {
  if (read.kind === 'refused') return JSON.stringify(read);
  const { accessToken, refreshToken, idToken, tokenType, flaws } = read;
  return JSON.stringify({ accessToken, refreshToken, idToken, tokenType, flaws });
}

async function throughTheCommand(
  stage: Stage,
  answer: DemoAnswer,
  round: number,
  score: Tally,
): Promise<void> {
  score.count('commands');
  const login = await stage.logIn();
  if (login.exitCode !== 0) throw new Error(told(login));
  stage.events();
  stage.demo.next('token', { when: 'before', send: answer }, SENDS);
  const run = await stage.refreshNow();
  if (!POSSIBLE.includes(run.exitCode)) {
    score.count('crashes');
    score.broken(round, told(run));
  }
  const used = stage.events().filter(({ kind }) => kind === 'faulted').length;
  for (let left = SENDS - used; left > 0; left -= 1) {
    await fetch(stage.demo.endpoints.token, { method: 'POST' }).catch(() => null);
  }
}
