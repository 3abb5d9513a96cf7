import { SyncError } from '../model/errors.ts';
import { modelAnswer } from '../model/model-answer.ts';
import type { Proposal, ProposedTable } from '../model/proposal.ts';
import type { Suggester } from '../ports.ts';
import { type MergeContext, mergeAnswer, REFUSALS, type Refusal, remade } from '../transformer/propose/merge-answer.ts';
import { modelTask } from '../transformer/propose/model-task.ts';

/** What came of asking. `byModel`: `schema.table.column` of the target that the model has decided. */
export interface Asked {
  readonly proposal: Proposal;
  readonly byModel: ReadonlySet<string>;
}

const WORDS: Readonly<Record<Refusal, string>> = {
  unknown_name: 'that name what no catalog has, or twice the same',
  not_possible: 'that cannot be made as the model says',
  personal: 'that would carry personal data past its mask',
  too_much: 'beyond the most that are looked at',
  surer_rule: 'that the rules are surer of',
};

/**
 * Asks a model for what the rules lack. Whatever it answers, or does not, there is a proposal: that of the rules, with what of
 * the answer holds, and notes of what does not. No name of an answer is repeated in a note.
 */
export async function askModel(proposal: Proposal, suggester: Suggester, context: MergeContext): Promise<Asked> {
  const rules = (note: string): Asked => ({
    proposal: { ...proposal, notes: [...proposal.notes, note] },
    byModel: new Set(),
  });
  const { task, leftOut } = modelTask(context, proposal);
  let text: string;
  try {
    text = await suggester.ask(task);
  } catch (error) {
    if (!(error instanceof SyncError) || error.code !== 'suggestion_failed') throw error;
    return rules(`The language model gave no answer (${error.message}): this is the proposal of the rules.`);
  }
  const answer = modelAnswer.safeParse(parsed(text));
  if (!answer.success)
    return rules(
      'The language model answered with something else than was asked for: this is the proposal of the rules.',
    );
  const merged = mergeAnswer(proposal, answer.data, context);
  const refused = REFUSALS.filter((why) => merged.refused[why] > 0);
  const notes = [
    ...proposal.notes,
    ...(leftOut > 0
      ? [`The language model was asked about all but ${leftOut} tables of the target: more does not fit.`]
      : []),
    ...refused.map((why) => `Not taken over from the language model: ${merged.refused[why]} columns ${WORDS[why]}.`),
  ];
  return { byModel: merged.byModel, proposal: { ...merged.proposal, proposer: 'model', notes } };
}

/** What is no JSON is undefined. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same without columns that do not hold; a table that has no other goes too. */
export function withoutColumns(
  asked: Asked,
  wrong: ReadonlySet<string>,
  context: Pick<MergeContext, 'source' | 'target'>,
): Asked {
  const tables = asked.proposal.tables.flatMap((t): ProposedTable[] => {
    const gone = t.columns.filter((c) => wrong.has(`${t.table}.${c.column}`));
    const columns = t.columns.filter((c) => !gone.includes(c));
    if (gone.length === 0) return [t];
    return columns.length === 0
      ? []
      : [{ ...t, columns, unmatched_target: [...t.unmatched_target, ...gone.map((c) => c.column)] }];
  });
  const note = `Left out: ${wrong.size} columns that no job could run with.`;
  return {
    byModel: new Set([...asked.byModel].filter((c) => !wrong.has(c))),
    proposal: { ...remade(asked.proposal, tables, context), notes: [...asked.proposal.notes, note] },
  };
}
