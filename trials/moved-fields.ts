import SqliteDatabase from 'better-sqlite3';
import { Secret } from '../src/domain/secret.js';
import type { Trial } from './contract.js';
import { editsOf, type Move, movesOf, sealedParts } from './room/moves.js';
import { probe } from './room/probe.js';
import { tally } from './room/rounds.js';
import { openSpecimen, type Specimen } from './room/specimen.js';

const PEOPLE = ['ada', 'bob'] as const;

/** Everything sealed is put everywhere else: rows, columns, generations, vaults; short tags, other nonces, other epochs. */
export const movedFields: Trial = {
  name: 'moved-fields',
  promise: 'nothing sealed opens in another place than its own, and no fact it is bound to can be changed',
  rounds: 1_000_000,
  needs: [],

  async run(context) {
    const score = tally();
    const { specimen, moves, leave } = await openMoves();
    const all = context.random(-1).shuffled(moves);
    const end = Math.min(context.from + context.rounds, all.length);
    for (let round = context.from; round < end; round += 1) {
      const move = all[round];
      if (move === undefined) continue;
      const { refused, broken, doctor } = await tried(specimen, move);
      const wrong = [
        ...broken,
        ...(refused === 0 ? ['nothing was refused'] : []),
        ...(doctor === 'well' ? ['the doctor finds nothing'] : []),
      ];
      score.count(refused > 0 ? 'refused' : 'taken');
      for (const what of wrong) score.broken(round, `${move.name}: ${what}`);
    }
    leave();
    return {
      figure: `${end - context.from} of ${all.length} moves: ${score.of('refused')} refused, ${score.of('taken')} taken`,
      broken: score.all,
    };
  },
};

async function tried(specimen: Specimen, move: Move) {
  specimen.restore();
  const database = new SqliteDatabase(specimen.paths.database);
  database.pragma('foreign_keys = OFF');
  move.work(database);
  database.close();
  return probe(specimen);
}

/** A vault, its own older copy, and another vault under the same master key. */
async function openMoves() {
  const [specimen, other] = [await openSpecimen('a'), await openSpecimen('another')];
  for (const label of PEOPLE) {
    await specimen.add(label);
    await other.add(label);
  }
  const older = sealedParts(specimen.paths.database);
  await renew(specimen);
  specimen.take();
  const parts = sealedParts(specimen.paths.database);
  const theirs = sealedParts(other.paths.database);
  const moves = [
    ...movesOf(parts, { 'of an older generation': older, 'of another vault': theirs }),
    ...editsOf(PEOPLE),
    ...otherEpochs(specimen),
  ];
  const leave = () => {
    specimen.remove();
    other.remove();
  };
  return { specimen, moves, leave };
}

/** Every account gets new tokens, which are the true ones from then on. */
async function renew(specimen: Specimen): Promise<void> {
  const opened = specimen.open();
  const vault = await opened.access.openOrCreate();
  for (const [index, truth] of specimen.truths.entries()) {
    const account = await vault.account(truth.account.id);
    if (account === null) throw new Error('the account is there');
    const [access, refresh] = [`${truth.access}-next`, `${truth.refresh}-next`];
    const tokens = { accessToken: new Secret(access), refreshToken: new Secret(refresh) };
    const contents = { ...(await vault.contents(account)), ...tokens };
    const next = await vault.update(account, {}, contents);
    if (next === null) throw new Error('nobody else is there');
    const { sealed: _, ...visible } = next;
    specimen.replaceTruth(index, { ...truth, account: visible, access, refresh });
  }
  await opened.close();
}

/** The ledger says that it is of another time than it is. */
function otherEpochs(specimen: Specimen): readonly Move[] {
  const { epoch } = epochOf(specimen);
  return [0, 1, epoch - 1, epoch + 1, epoch * 2].map((wrong) => ({
    name: `the ledger of change ${epoch} says that it is of change ${wrong}`,
    work: (database) => void database.prepare('UPDATE ledger SET epoch = ?').run(wrong),
  }));
}

function epochOf(specimen: Specimen): { readonly epoch: number } {
  const database = new SqliteDatabase(specimen.paths.database, { readonly: true });
  const found = database.prepare('SELECT epoch FROM ledger').get() as { epoch: number };
  database.close();
  return found;
}
