import type { MappingApprovals } from '../../../lib/model/mapping-state.ts';
import type { MappingVersion } from '../../../lib/model/stored-mapping.ts';
import type { MappingStore } from '../../../lib/ports.ts';
import { calling } from '../errors.ts';
import { GetCommand } from './document.ts';
import type { Item, Table } from './table.ts';

/** Reads what mapping-store.ts writes. */
export function dynamoMappingReader(table: Table): Pick<MappingStore, 'get' | 'approvals'> {
  const call = <T>(work: () => Promise<T>) => calling('registry table', work);
  return {
    get: (name, version) =>
      call(async () => {
        const item = await get(table, keyOf(name, version));
        // as it was stored: a schema of today would add today's defaults, and the hash would be another
        return typeof item?.body === 'string' ? (JSON.parse(item.body) as MappingVersion) : undefined;
      }),
    approvals: (name) => call(async () => approvalsIn(await get(table, { kind: 'mapping_approval', name }))),
  };
}

/** Five digits, so that text order is number order. */
export const keyOf = (name: string, version: number) => ({
  kind: `mapping#${name}`,
  name: String(version).padStart(5, '0'),
});

export async function get(table: Table, Key: Item): Promise<Item | undefined> {
  const { Item } = await table.client().send(new GetCommand({ TableName: table.name(), Key, ConsistentRead: true }));
  return Item;
}

export function approvalsIn(item: Item | undefined): MappingApprovals {
  if (!item) return { rev: 0, approvals: [] };
  return { rev: Number(item.rev), approvals: item.approvals as MappingApprovals['approvals'] }; // approve wrote it
}
