import type { LookingDatabases } from '../ports.ts';
import { introspect, serverFacts } from './introspect.ts';
import { type OpeningOptions, opener } from './opening.ts';

/** A database for those who only ask what is there and what they may; its session is read-only. */
export function lookingDatabases(options: OpeningOptions): LookingDatabases {
  const open = opener(options);
  return {
    open: async (side, connection, as) => {
      const session = await open(side, connection, as);
      await session.run('set default_transaction_read_only = on');
      return {
        facts: () => serverFacts(session),
        introspect: () => introspect(session),
        close: () => session.end(),
      };
    },
  };
}
