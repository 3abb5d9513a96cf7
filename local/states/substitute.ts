import * as z from 'zod';
import type { JsonObject } from '../json.ts';

const propertiesSchema = z.looseObject({
  DefinitionString: z.string().optional(),
  Definition: z.record(z.string(), z.json()).optional(),
  DefinitionSubstitutions: z.record(z.string(), z.coerce.string()).default({}),
});

/** The definition of a state machine with its `${Name}` places filled in. Throws on a place without a value. */
export function substitute(properties: JsonObject): string {
  const {
    DefinitionString: text,
    Definition: object,
    DefinitionSubstitutions: values,
  } = propertiesSchema.parse(properties);
  const source = text ?? (object && JSON.stringify(object));
  if (source === undefined)
    throw new Error('The state machine has no DefinitionString (S3 locations are not read here)');
  return source.replace(/\$\{([A-Za-z0-9_]+)\}/g, (_place, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`The definition has a place \${${name}} that nothing fills`);
    return value;
  });
}
