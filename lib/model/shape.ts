/** A geometry as people see it. */
export interface Shape {
  readonly srid: number;
  /** In square units of the SRID; of a geography in square metres. */
  readonly area: number;
  readonly vertices: number;
  /** Absent: it is too large to be drawn. */
  readonly geojson?: unknown;
}

/** Shapes of a column by their position in what was asked for; NULLs and absent rows have none. */
export interface Shapes {
  readonly shapes: ReadonlyMap<number, Shape>;
  /** Between the first and the second, in units of the SRID, or metres. */
  readonly distance?: number;
  /** Why the GeoJSON is in the coordinates as they are stored; absent: it is in WGS 84. */
  readonly why?: 'no_srid' | 'cannot_transform';
}
