import type { Side } from '../model/connection.ts';
import { problemsError, SyncError } from '../model/errors.ts';
import type { Secret } from '../model/secret.ts';
import type { Catalogs, ConnectionPair, LookingDatabase } from '../ports.ts';
import { type Patience, whenThereIsRoom } from './connections.ts';

export type BothLooks = Readonly<Record<Side, LookingDatabase>>;

export interface LookAs {
  readonly name: string;
  readonly statementTimeoutMs: number;
  /** What previews of masks are made with. */
  readonly maskKey: Secret;
}

/** Both ends, or every reason why not, each with its field of the request. */
async function openBoth(pair: ConnectionPair, as: LookAs, catalogs: Catalogs): Promise<BothLooks> {
  const { maskKey, ...plain } = as;
  const [source, target] = await Promise.allSettled([
    catalogs.open('source', pair.source, as),
    catalogs.open('target', pair.target, plain),
  ]);
  if (source.status === 'fulfilled' && target.status === 'fulfilled')
    return { source: source.value, target: target.value };
  for (const opened of [source, target]) if (opened.status === 'fulfilled') await opened.value.close();
  const problems = (
    [
      ['source', source],
      ['target', target],
    ] as const
  ).flatMap(([side, r]) => {
    if (r.status === 'fulfilled') return [];
    if (!(r.reason instanceof SyncError)) throw r.reason;
    return [{ code: r.reason.code, side, field: `/${side}_connection`, message: r.reason.message }];
  });
  throw problemsError(problems);
}

/** Opens both ends, lets `work` look, and closes them. */
export async function lookAtBoth<T>(
  pair: ConnectionPair,
  as: LookAs,
  { catalogs, patience }: { readonly catalogs: Catalogs; readonly patience?: Patience },
  work: (looks: BothLooks) => Promise<T>,
): Promise<T> {
  const looks = await whenThereIsRoom(() => openBoth(pair, as, catalogs), patience);
  try {
    return await work(looks);
  } finally {
    await Promise.all([looks.source.close(), looks.target.close()]);
  }
}
