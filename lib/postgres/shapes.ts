import { SyncError } from '../model/errors.ts';
import type { Shape, Shapes } from '../model/shape.ts';
import type { Session } from './session.ts';
import { ident } from './sql.ts';

/** A shape above this is measured and not drawn: GeoJSON is some four times as long as its binary form. */
const DRAWN_BYTES = 500_000;

/** Where PostGIS is, or undefined. */
async function postgis(session: Session): Promise<string | undefined> {
  const [row] = await session.query(
    `select n.nspname from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace where e.extname = 'postgis'`,
  );
  return row?.[0] ?? undefined;
}

/** SQL of GeoJSON: curves are drawn as lines, since GeoJSON has none. */
const drawn = (schema: string, geometry: string) =>
  `${schema}.st_asgeojson(case when ${schema}.st_hasarc(${geometry}) then ${schema}.st_curvetoline(${geometry}) else ${geometry} end, 9, 0)`; // without a crs member, for which an unknown SRID has no name

function statement(schema: string, kind: 'geometry' | 'geography', transform: boolean): string {
  const value = (at: string) => `(${at})::${schema}.${kind}`;
  const srid = (at: string) => `${schema}.st_srid(${value(at)}::${schema}.geometry)`;
  const g = `v.value::${schema}.geometry`;
  const shown = transform ? `${schema}.st_transform(${g}, 4326)` : g;
  return `select v.n::text, ${schema}.st_srid(${g})::text, ${schema}.st_area(v.value)::text, ${schema}.st_npoints(${g})::text,
      case when v.size <= ${DRAWN_BYTES} then ${drawn(schema, shown)} end,
      case when ${srid('$1[1]')} = ${srid('$1[2]')} then ${schema}.st_distance(${value('$1[1]')}, ${value('$1[2]')})::text end
    from (select u.n, ${value('u.t')} as value, pg_catalog.length(u.t) / 2 as size
      from pg_catalog.unnest($1::text[]) with ordinality u(t, n) where u.t is not null) v order by v.n`;
}

/** SQLSTATEs of a shape that PostGIS cannot measure or project: an unknown SRID, a place off the projection. */
const cannot = (error: unknown) =>
  error instanceof SyncError && /^(XX000|22|38)/.test(String(error.facts.sqlstate ?? ''));

/**
 * Shapes of one geometry column for people: source, target and base (EWKB in hex; null where there is none), as GeoJSON in
 * WGS 84 where they can be transformed, else as they are stored. Undefined where PostGIS is not here or cannot read them.
 */
export async function shapesOf(
  session: Session,
  kind: 'geometry' | 'geography',
  values: readonly (string | null)[],
): Promise<Shapes | undefined> {
  const found = await postgis(session);
  if (found === undefined) return undefined;
  const schema = ident(found);
  const ask = async (transform: boolean) => {
    const rows = await session.query(statement(schema, kind, transform), [values]);
    const shapes = new Map(rows.map(([n, ...row]) => [Number(n) - 1, shapeOf(row)]));
    const distance = rows[0]?.[5];
    return { shapes, ...(distance != null && { distance: Number(distance) }) };
  };
  try {
    const plain = await ask(false);
    if ([...plain.shapes.values()].some((s) => s.srid === 0)) return { ...plain, why: 'no_srid' };
    return await ask(true).catch((error: unknown) => {
      if (cannot(error)) return { ...plain, why: 'cannot_transform' as const };
      throw error;
    });
  } catch (error) {
    if (cannot(error)) return undefined;
    throw error;
  }
}

function shapeOf([srid, area, vertices, geojson]: readonly (string | null)[]): Shape {
  return {
    srid: Number(srid),
    area: Number(area),
    vertices: Number(vertices),
    ...(geojson != null && { geojson: JSON.parse(geojson) as unknown }),
  };
}
