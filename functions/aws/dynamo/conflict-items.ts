import type { Conflict } from '../../../lib/model/conflict.ts';
import type { ConflictStore } from '../../../lib/ports.ts';
import { calling, isAws } from '../errors.ts';
import { place } from './conflict-lists.ts';
import { PutCommand } from './document.ts';
import type { Item, Table } from './table.ts';

/** Writes at once, as the audit log does. */
const PARALLEL = 16;

/** Conflicts of conflict-store.ts for those who only tell of them. */
export function dynamoConflictWriter(table: Table): Pick<ConflictStore, 'put'> {
  return {
    put: (conflicts) =>
      calling('conflicts table', async () => {
        for (let i = 0; i < conflicts.length; i += PARALLEL)
          await Promise.all(conflicts.slice(i, i + PARALLEL).map((conflict) => putNewer(table, conflict)));
      }),
  };
}

function itemOf(conflict: Conflict): Item {
  const { opened_by, seen_by, state } = conflict;
  const half = state === 'open' ? 'open' : 'closed';
  return {
    ...conflict,
    id: conflict.conflict_id,
    item: 'conflict',
    place: place(conflict),
    opener: `${opened_by}#${half}`,
    ...(seen_by !== opened_by && { seer: `${seen_by}#${half}` }),
  };
}

/** An item without what only the store knows. Items are written by this file alone, so their shape is not checked. */
export function conflictOf({ id, item, place: _, opener, seer, ...rest }: Item): Conflict {
  return rest as unknown as Conflict; // an Item is untyped; itemOf wrote it
}

/** A refused condition means that this version or a newer one is there, or that our first try won: fine either way. */
export async function putNewer(table: Table, conflict: Conflict): Promise<void> {
  try {
    await table.client().send(
      new PutCommand({
        TableName: table.name(),
        Item: itemOf(conflict),
        ConditionExpression: 'attribute_not_exists(id) or version < :version',
        ExpressionAttributeValues: { ':version': conflict.version },
      }),
    );
  } catch (error) {
    if (!isAws(error, 'ConditionalCheckFailedException')) throw error;
  }
}
