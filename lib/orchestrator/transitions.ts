import type { JobPlan, Part, PassPlan, SegmentPlan } from '../model/message.ts';
import type { Usage } from '../model/usage.ts';
import { SEGMENTS_AT_ONCE } from './paging.ts';

// How many states the machines enter because of one call of a step: its own, and those up to the next call of a step. A step
// that throws is its own state alone: the machine calls it again, or goes to a step that is counted with its own call. Retries
// are calls. The machines are in infra/constructs; test/infra/transitions.test.ts runs them and counts.

type Entered = Pick<Usage, 'state_transitions'> & Partial<Pick<Usage, 'queue_requests'>>;

const entered = (state_transitions: number): Entered => ({ state_transitions });

/** ApplyParts, ApplyLevels; a part each, a level each, a table each. */
const ofPass = ({ levels, parts }: PassPlan) => 2 + parts.length + levels.length + levels.flat().length;

/** FollowsLog, then FirstLook or the pass. */
export const afterPrepare = (plan?: JobPlan): Entered => entered(plan ? 2 + (plan.follows ? 1 : ofPass(plan.next)) : 1);

/** AfterLook, then WaitForChanges, JobSettled or the pass. */
export const afterLook = (plan?: JobPlan): Entered =>
  entered(plan ? 2 + (plan.step === 'wait' || plan.step === 'next_run' ? 1 : ofPass(plan.next)) : 1);

export const afterPlanPass = (plan?: PassPlan): Entered => entered(plan ? 1 + ofPass(plan) : 1);

/** SegmentParts, Segments, WholeOrPart; a part each, a segment each; PartDone where the execution is one of a part. */
export function afterPlanTable(plan: SegmentPlan | undefined, input: { readonly part?: Part | undefined }): Entered {
  if (!plan) return entered(1);
  const { part } = input;
  const ofPart = part !== undefined && part.to - part.from <= SEGMENTS_AT_ONCE;
  const { length } = plan.segments; // each is a message
  return { state_transitions: 4 + plan.parts.length + length + (ofPart ? 1 : 0), queue_requests: length };
}

/** Of a table that was given up: TableOrJob, and how it ends. */
export const afterSettleTable = (done: unknown, input: { readonly error?: unknown }): Entered =>
  entered(done && input.error ? 3 : 1);

/** Announce, and how the job ends. */
export const afterSettleJob = (done?: unknown): Entered => entered(done ? 3 : 1);
