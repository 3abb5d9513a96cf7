import { ident } from '../../model/quote.ts';
import { sourceColumn } from '../source-column.ts';
import { refused, type TransformStep } from '../step.ts';

/** SRID of a declaration such as `public.geometry(Point,4326)`; undefined where it names none. */
const sridOf = (declared: string): number | undefined => {
  const [, srid] = /\([A-Za-z]+,(\d+)\)$/.exec(declared) ?? [];
  return srid === undefined ? undefined : Number(srid);
};

/**
 * A geometry in another reference system, with other dimensions, or as a collection of its kind. One whose reference system
 * is unknown, or that is off the world in degrees, cannot be transformed and goes into quarantine.
 */
export const geometry: TransformStep<'geometry'> = {
  summary: 'A geometry in another reference system, with two or three dimensions, or as a multi-geometry (PostGIS).',
  make(source, context) {
    const column = sourceColumn(source.column, context);
    if ('missing' in column) return column.missing;
    const { target, env } = context;
    const { type, sql: at } = column.expression;
    const isGeometry = (t: typeof type) => t.base.schema !== 'pg_catalog' && t.base.name === 'geometry';
    if (!isGeometry(type) || !isGeometry(target.type) || env.postgis === undefined)
      return refused('mapping_invalid', `${source.column} and ${target.name} must both be geometry.`);
    const { srid, transform, dimensions, multi } = source.geometry;
    const arrives = srid ?? sridOf(column.column.declared);
    const wanted = sridOf(target.declared);
    if (wanted !== undefined && arrives !== undefined && wanted !== arrives)
      return refused(
        'mapping_invalid',
        `${target.name} is in SRID ${wanted}, and would be filled with SRID ${arrives}.`,
        {
          hint: `Use srid: ${wanted}.`,
        },
      );
    if (type.base.schema !== target.type.base.schema)
      return refused('mapping_invalid', 'PostGIS is in another schema on the other side.');
    const s = ident(env.postgis);
    let sql = at;
    let failed: string | undefined;
    if (srid !== undefined && transform) {
      const known = (id: string) => `exists (select from ${s}.spatial_ref_sys r where r.srid = ${id})`;
      const degrees = `exists (select from ${s}.spatial_ref_sys r where r.srid = ${s}.st_srid(${at}) and r.proj4text ~ 'proj=longlat')`;
      const box = `${s}.st_xmin(${at}::${s}.box3d) >= -180 and ${s}.st_xmax(${at}::${s}.box3d) <= 180 and ${s}.st_ymin(${at}::${s}.box3d) >= -90 and ${s}.st_ymax(${at}::${s}.box3d) <= 90`;
      const within = `(${s}.st_isempty(${at}) or not ${degrees} or (${box}))`;
      const can = `(case when ${at} is null or ${s}.st_srid(${at}) = ${srid} then true when ${s}.st_srid(${at}) = 0 then false else ${known(`${s}.st_srid(${at})`)} and ${known(String(srid))} and ${within} end)`;
      sql = `(case when ${can} then ${s}.st_transform(${at}, ${srid}) end)`;
      failed = `(not ${can})`;
    } else if (srid !== undefined) sql = `${s}.st_setsrid(${sql}, ${srid})`;
    if (dimensions === 2) sql = `${s}.st_force2d(${sql})`;
    if (dimensions === 3) sql = `${s}.st_force3d(${sql})`;
    if (multi) sql = `${s}.st_multi(${sql})`;
    // the target's own modifier is checked where the row is written, one row at a time
    const { declared } = target;
    const nullable = column.expression.nullable || failed !== undefined;
    return { expression: { type: target.type, declared, nullable, sql, ...(failed && { failed }) } };
  },
};
