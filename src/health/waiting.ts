import { type Account, accountName } from '../domain/account.js';
import { type Finding, warning } from '../domain/finding.js';
import type { Inspection } from '../stores/inspection.js';
import type { FoundAnswer } from '../stores/spill.js';
import { isDamage } from '../vault/damage.js';
import type { Keyring } from '../vault/keyring.js';
import { openAnswer, openLogin } from '../vault/sealed-answer.js';
import type { HealthDeps } from './contract.js';

/** What waits beside the vault, and whether a command can store it. */
interface Waiting {
  readonly slot: FoundAnswer;
  /** Null when there is none of this id. */
  readonly account: Account | null;
  readonly opens: boolean;
}

/**
 * Answers and finished logins that the database could not take. Those that open are stored by a command. Of the others nothing
 * can be had: their accounts need a login, and then their files can go, once nothing is in them that opens.
 */
export async function waitingFindings(deps: HealthDeps, inspection: Inspection): Promise<Finding[]> {
  const slots = deps.waiting();
  if (slots.length === 0) return [];
  const keys = await deps.keyring().catch(() => null);
  const all: Waiting[] = [];
  for (const slot of slots) all.push(await judged(inspection, keys, slot));
  return all.map((each) => finding(deps, each, all));
}

async function judged({ store }: Inspection, keys: Keyring | null, slot: FoundAnswer): Promise<Waiting> {
  const account = await store.account(slot.accountId);
  const { generation, accountId, sealed } = slot;
  // Without a key it cannot be told, and the command that would store it says what is wrong.
  if (keys === null) return { slot, account, opens: account !== null || generation === null };
  try {
    if (generation === null) return { slot, account, opens: openLogin(keys, accountId, sealed) !== null };
    const opens = account !== null && openAnswer(keys, account, generation, sealed) !== null;
    return { slot, account, opens };
  } catch (failure) {
    // The account itself does not open, which is told of it.
    if (isDamage(failure)) return { slot, account, opens: false };
    throw failure;
  }
}

function finding(
  { commands }: HealthDeps,
  { slot, account, opens }: Waiting,
  all: readonly Waiting[],
): Finding {
  const { path } = slot;
  const store = (of: Account | null) => `vault refresh ${of === null ? '--all' : commands.name(of)}`;
  const about = account === null ? {} : { account: accountName(account) };
  if (opens) {
    const what = slot.generation === null ? 'a finished login' : 'an answer';
    const whose = account === null ? '' : ` for ${accountName(account)}`;
    const message = `${what}${whose} waits beside the vault, which could not take it when it came`;
    return warning(message, store(account), about);
  }
  const others = all.filter((each) => each.opens && each.slot.path === path);
  const first = [...new Set(others.map((each) => store(each.account)))];
  const remove = ['while no other vault command runs:', `rm ${commands.quoted(path)}`];
  if (account === null) {
    const message = `${path} holds an answer for an account that is not in this vault: it was removed, or the vault was replaced by another one`;
    return warning(message, [...first, ...remove].join('\n'));
  }
  const message = `${path} holds an answer for ${accountName(account)} that does not open: it is damaged, or was sealed under another key; the refresh token in it may be the newest one`;
  return warning(message, [...first, commands.login(account), ...remove].join('\n'), about);
}
