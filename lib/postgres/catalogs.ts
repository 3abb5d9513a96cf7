import type { Relation } from '../model/table.ts';
import type { Catalogs } from '../ports.ts';
import { introspect, serverFacts } from './introspect.ts';
import { dictionary, readAs } from './mapping-reads.ts';
import { type OpeningOptions, opener } from './opening.ts';
import type { Session } from './session.ts';
import { ident, relation } from './sql.ts';

/** Values longer than this are cut: a look at a row is no copy of it. */
const LONGEST_VALUE = 200;

/** Both ends for those who only look at them; the target may not be written to either. */
export function postgresCatalogs(options: OpeningOptions): Catalogs {
  const open = opener(options);
  return {
    open: async (side, connection, as) => {
      const session = await open(side, connection, as);
      await session.run('set default_transaction_read_only = on');
      return {
        facts: () => serverFacts(session),
        introspect: () => introspect(session),
        readAs: (values) => readAs(session, values),
        dictionary: (table, columns, limit) => dictionary(session, table, columns, limit),
        look: (table, columns, rows) => look(session, table, columns, rows),
        close: () => session.end(),
      };
    },
  };
}

function look(session: Session, table: Relation, columns: readonly string[], rows: number) {
  const from = table.mapped?.from ?? table;
  const own = columns.map((name) => `s.${ident(name)}`).join(', ');
  const list = table.mapped?.select.list ?? own;
  const short = columns.map(
    (name, i) => `pg_catalog."left"(t.${ident(name)}::pg_catalog.text, ${LONGEST_VALUE}) as c${i + 1}`,
  );
  return session.query(
    `select ${short.join(', ')} from
       (select ${list} from ${table.inherited ? 'only ' : ''}${relation(from)} as s limit $1) as t`,
    [rows],
  );
}
