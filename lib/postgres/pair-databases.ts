import { SyncError } from '../model/errors.ts';
import type { PairSourceTraces } from '../model/pair.ts';
import type { PairDatabases, PairSource } from '../ports.ts';
import { changeSource } from './change-source.ts';
import { serverFacts } from './introspect.ts';
import { type OpeningOptions, opener } from './opening.ts';
import { pairMemory } from './pair-memory.ts';
import type { Session } from './session.ts';
import { ownSlots } from './slots.ts';

const PUBLICATION = `
  select (select count(*) from pg_publication_rel r where r.prpubid = p.oid)::text, pg_has_role(p.pubowner, 'usage')::text
  from pg_publication p where p.pubname = $1`;

/** Throws `pair_mismatch` where the slot tells of another database: who drops it there drops its publication too. */
async function traces(session: Session, name: string): Promise<PairSourceTraces> {
  const [here] = await session.query('select current_database()');
  const slot = (await ownSlots(session)).find((s) => s.slot === name);
  if (slot && slot.database !== here?.[0])
    throw new SyncError('pair_mismatch', `The slot ${name} tells of the database ${slot.database}; connect there.`);
  const [publication] = await session.query(PUBLICATION, [name]);
  return {
    ...(slot && {
      slot: { retained_bytes: slot.retained_bytes, wal_status: slot.wal_status, active: slot.active },
    }),
    ...(publication && { publication: { tables: Number(publication[0]), owned: publication[1] === 'true' } }),
  };
}

function pairSource(session: Session): PairSource {
  const { dropPublication } = changeSource(session);
  return {
    facts: () => serverFacts(session),
    slots: () => ownSlots(session),
    traces: (name) => traces(session, name),
    dropPublication,
    async dropSlot(name) {
      await session.query(
        `select pg_drop_replication_slot(s.slot_name) from pg_replication_slots s
         where s.slot_name = $1 and s.database = current_database() and s.plugin = 'pgoutput'`,
        [name],
      );
    },
    close: () => session.end(),
  };
}

/** The databases behind real connections, for those who give up a pair or look after slots. */
export function pairDatabases(options: OpeningOptions): PairDatabases {
  const open = opener(options);
  return {
    source: async (connection, as) => pairSource(await open('source', connection, as)),
    target: async (connection, as) => {
      const session = await open('target', connection, as);
      return { ...pairMemory(session), facts: () => serverFacts(session), close: () => session.end() };
    },
  };
}
