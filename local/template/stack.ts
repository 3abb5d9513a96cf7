import type { JsonObject } from '../json.ts';
import type { Assembly } from './assembly.ts';
import { createResolver, type Identity } from './resolve.ts';
import { ignoredIdentity, physicalName, RESOURCE_TYPES, refuseUnknownTypes } from './resource-types.ts';

/** One resource that is built here, with everything in it resolved. */
export interface StackResource {
  readonly logicalId: string;
  readonly type: string;
  readonly name: string;
  readonly identity: Identity;
  readonly properties: JsonObject;
}

export interface Stack {
  /** In template order. */
  ofType(...types: readonly string[]): readonly StackResource[];
  all(): readonly StackResource[];
  /** Names of resources and why each is left out; for `--verbose` and docs. */
  readonly ignored: Readonly<Record<string, string>>;
}

export interface StackOptions {
  readonly parameters: Readonly<Record<string, string>>;
  readonly sqsUrl: string;
}

/** The stack as it is on this machine. Throws when the template holds something that cannot be built or explained. */
export function resolveStack(assembly: Assembly, options: StackOptions): Stack {
  const { template, stackName } = assembly;
  refuseUnknownTypes(Object.values(template.Resources).map((resource) => resource.Type));

  const names = new Map<string, string>();
  const nameOf = (logicalId: string): string => {
    const known = names.get(logicalId);
    if (known) return known;
    const resource = template.Resources[logicalId];
    const treatment = RESOURCE_TYPES[resource?.Type ?? ''];
    const property = treatment?.kind === 'created' ? treatment.nameProperty : undefined;
    const given = property === undefined ? undefined : resource?.Properties[property];
    const name = physicalName(stackName, logicalId, given === undefined ? undefined : resolver.value(given));
    names.set(logicalId, name);
    return name;
  };

  const resolver = createResolver({
    template,
    stackName,
    parameters: options.parameters,
    identify: (logicalId, properties) => {
      const treatment = RESOURCE_TYPES[template.Resources[logicalId]?.Type ?? ''];
      const naming = { name: nameOf(logicalId), logicalId, sqsUrl: options.sqsUrl };
      return treatment?.kind === 'created' ? treatment.identify(naming, properties) : ignoredIdentity(naming);
    },
  });

  const present = Object.entries(template.Resources).filter(([logicalId]) => resolver.exists(logicalId));
  const created = present.filter(([, resource]) => RESOURCE_TYPES[resource.Type]?.kind === 'created');
  const resources = created.map(([logicalId, resource]) => ({
    logicalId,
    type: resource.Type,
    name: nameOf(logicalId),
    identity: resolver.identity(logicalId),
    properties: resolver.properties(logicalId),
  }));
  return {
    ofType: (...types) => resources.filter((resource) => types.includes(resource.type)),
    all: () => resources,
    ignored: Object.fromEntries(
      present.flatMap(([logicalId, resource]) => {
        const treatment = RESOURCE_TYPES[resource.Type];
        return treatment?.kind === 'ignored' ? [[logicalId, treatment.reason]] : [];
      }),
    ),
  };
}
