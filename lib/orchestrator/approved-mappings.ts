import { createHash } from 'node:crypto';
import { canonicalJson } from '../audit/canonical-json.ts';
import { SyncError } from '../model/errors.ts';
import { type Mapping, mapping as mappingSchema } from '../model/mapping.ts';
import { inForce } from '../model/mapping-state.ts';
import type { ApprovedMappings, MappingStore } from '../ports.ts';

/** What an approval stands for: the mapping itself, whatever was noted beside it. */
export function mappingHash(mapping: Mapping): string {
  return createHash('sha256').update(canonicalJson(mapping)).digest('hex');
}

export const notFound = (name: string, version?: number) =>
  new SyncError(
    'mapping_not_found',
    version === undefined ? `there is no mapping ${name}` : `there is no version ${version} of ${name}`,
  );

/** What a start may use: the version in force, and only if it is still what was approved. */
export function approvedMappings(mappings: Pick<MappingStore, 'get' | 'approvals'>): ApprovedMappings {
  return {
    approved: async (name, version) => {
      const current = inForce(await mappings.approvals(name));
      const wanted = version ?? current?.version;
      const found = wanted === undefined ? undefined : await mappings.get(name, wanted);
      if (wanted !== undefined && !found) throw notFound(name, wanted);
      if (!found || current?.version !== wanted)
        throw new SyncError(
          'mapping_not_approved',
          current
            ? `version ${wanted} of ${name} is not approved; version ${current.version} is`
            : `no version of ${name} is approved`,
          { facts: { mapping: name, ...(current && { approved: current.version }) } },
        );
      if (mappingHash(found.mapping) !== current?.hash)
        throw new SyncError('mapping_tampered', `version ${wanted} of ${name} is not what was approved`);
      return { name, version: found.version, mapping: mappingSchema.parse(found.mapping) };
    },
  };
}
