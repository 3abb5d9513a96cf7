import * as z from 'zod';
import { CONFLICT_STATES, CONFLICT_TYPES } from './conflict.ts';
import { IF_MOVED, RESOLUTION_STATES } from './resolution.ts';

// What the HTTP API answers about conflicts; the command line and the web pages read it by these types.

const print = z.string().max(200).nullable();

/** What both sides were when somebody looked: a decision repeats it, and is refused when a side has moved since. */
export const expectedPrints = z
  .strictObject({ source: print, target: print })
  .meta({ id: 'Expected', description: 'Fingerprints of both rows; null where a side has none.' });
export type ExpectedPrints = z.infer<typeof expectedPrints>;

const decisionView = z
  .object({
    rule: z.string().meta({ description: 'manual, or the strategy and what of it decided.' }),
    actor: z.string(),
    at: z.string(),
    job_id: z.string(),
    note: z.string().optional(),
    winner: z.enum(['source', 'target', 'merged']),
    fields: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Of a merge: whose value each field got.' }),
    inputs: z.looseObject({ source: print, target: print }).meta({ description: 'What the decision looked at.' }),
    before: print.meta({ description: 'Fingerprint of the row of the target before it.' }),
    after: print.meta({ description: 'And after it.' }),
  })
  .meta({ id: 'Decision' });

/** One conflict in a list. Row values only as a masked and shortened preview. */
export const conflictView = z
  .object({
    conflict_id: z.string(),
    table: z.string(),
    key: z.array(z.string()).meta({ description: 'Values of the key, as PostgreSQL text.' }),
    type: z.enum(CONFLICT_TYPES),
    state: z.enum(CONFLICT_STATES),
    reason: z.string(),
    changed: z.array(z.string()).meta({ description: 'Columns that differ; empty where a side has no row.' }),
    preview: z
      .array(
        z.object({
          column: z.string(),
          source: z.string().nullable(),
          target: z.string().nullable(),
          masked: z.boolean().optional(),
        }),
      )
      .meta({ description: 'Values of these columns, shortened, and masked where the column is tagged.' }),
    expected: expectedPrints,
    object: z.string().optional().meta({ description: 'The constraint that refused the row.' }),
    opened_by: z.string().meta({ description: 'The job that met it first.' }),
    seen_by: z.string().meta({ description: 'The job that saw it last.' }),
    opened_at: z.string(),
    seen_at: z.string(),
    closed_at: z.string().optional(),
    decision: decisionView.optional(),
  })
  .meta({ id: 'Conflict' });
export type ConflictView = z.infer<typeof conflictView>;

export const conflictPage = z
  .object({
    conflicts: z.array(conflictView),
    next_token: z.string().optional().meta({
      description: 'There may be more: ask again with it and the same filters. A page may hold fewer than limit.',
    }),
    counts: z
      .object({
        open: z.int(),
        all: z
          .int()
          .meta({ description: 'Those that were decided or closed too; without those that later jobs have met.' }),
        more: z.boolean().optional().meta({ description: 'There are more than were counted.' }),
      })
      .optional()
      .meta({ description: 'With counts=true: how many conflicts the job opened or saw last.' }),
  })
  .meta({ id: 'ConflictPage' });
export type ConflictPage = z.infer<typeof conflictPage>;

const shapeView = z
  .object({
    geojson: z.unknown().optional().meta({ description: 'GeoJSON; absent where the shape is too large to be shown.' }),
    srid: z.int(),
    area: z.number().meta({ description: 'In square units of the SRID; of a geography in square metres.' }),
    vertices: z.int(),
  })
  .meta({ id: 'Shape' });
export type ShapeView = z.infer<typeof shapeView>;

/** A geometry column of a conflict for a map. Made when it is asked for, and never stored. */
export const shapesView = z
  .object({
    source: shapeView.optional(),
    target: shapeView.optional(),
    base: shapeView.optional(),
    crs: z.enum(['EPSG:4326', 'as_stored']).meta({
      description: 'Of the GeoJSON: WGS 84, or the coordinates as they are stored, where they cannot be transformed.',
    }),
    why_as_stored: z.enum(['no_srid', 'cannot_transform']).optional(),
    distance: z
      .number()
      .optional()
      .meta({ description: 'Between source and target, in units of the SRID, or metres.' }),
  })
  .meta({ id: 'Shapes' });
export type ShapesView = z.infer<typeof shapesView>;

const cell = z.string().nullable().optional();

const fieldView = z
  .object({
    column: z.string(),
    type: z.string(),
    base_type: z.string().optional().meta({
      description:
        'The type of PostgreSQL itself that values have the form of: of a domain the one behind it. Absent: it is none.',
    }),
    labels: z.array(z.string()).optional().meta({ description: 'Of an enum, in their order.' }),
    differs: z.boolean(),
    source: cell.meta({ description: 'PostgreSQL text; null is NULL; absent where the side has no row.' }),
    target: cell,
    base: cell.meta({ description: 'As of the last decision; absent where it is not known or not kept.' }),
    changed_by: z.enum(['source', 'target', 'both']).optional().meta({
      description: 'Who changed it since the last decision; absent where that is not known.',
    }),
    masked: z.boolean().optional().meta({ description: 'The column is tagged; a resolver sees its values.' }),
    shortened: z.boolean().optional().meta({ description: 'Values are longer than what is shown.' }),
    shapes: shapesView.optional(),
  })
  .meta({ id: 'ConflictField' });
export type ConflictField = z.infer<typeof fieldView>;

/** A decision that somebody may take over; without one, nothing tells which side is right. */
const suggestionView = z
  .object({
    decision: z
      .union([
        z.object({ side: z.enum(['source', 'target']) }),
        z.object({ fields: z.record(z.string(), z.object({ side: z.enum(['source', 'target']) })) }),
      ])
      .optional(),
    reason: z.string(),
  })
  .meta({ id: 'Suggestion' });
export type SuggestionView = z.infer<typeof suggestionView>;

/** A conflict with both rows as they are now. */
export const conflictDetail = z
  .object({
    ...conflictView.shape,
    sides: z.object({
      source: z.enum(['row', 'none', 'unknown']),
      target: z.enum(['row', 'none', 'unknown']),
      base: z.enum(['row', 'unknown']),
    }),
    fields: z.array(fieldView).meta({ description: 'Every column, those that differ first.' }),
    clocks: z
      .object({ column: z.string(), source: z.string().nullable(), target: z.string().nullable() })
      .optional()
      .meta({ description: 'The column that says when a row was last changed, on both sides.' }),
    suggestion: suggestionView,
  })
  .meta({ id: 'ConflictDetail' });
export type ConflictDetail = z.infer<typeof conflictDetail>;

/** The answer to a decision. */
export const conflictDecided = z
  .object({ outcome: z.enum(['applied']), conflict: conflictView })
  .meta({ id: 'ConflictDecided' });
export type ConflictDecided = z.infer<typeof conflictDecided>;

/** An order to decide many conflicts, and how far it has come. */
export const resolutionView = z
  .object({
    resolution_id: z.uuid(),
    job_id: z.string(),
    state: z.enum(RESOLUTION_STATES),
    decision: z.looseObject({}),
    filter: z.looseObject({}),
    if_moved: z.enum(IF_MOVED).optional().meta({ description: 'What it does with one that has moved; absent: leave.' }),
    actor: z.string(),
    note: z.string().optional(),
    cancelled_by: z.string().optional(),
    expected_count: z.int(),
    listed: z.int().meta({ description: 'Conflicts on its frozen list so far.' }),
    counts: z.object({
      applied: z.int(),
      stale: z.int().meta({ description: 'Moved meanwhile; they stay open, shown as they are now.' }),
      already_resolved: z.int().meta({ description: 'Decided by somebody else, or both sides agree by now.' }),
      failed: z.int().meta({ description: 'Could not be decided so; they stay open.' }),
    }),
    failures: z
      .array(z.object({ conflict_id: z.string(), code: z.string() }))
      .meta({ description: 'The first 50 that stayed open, and why.' }),
    waits: z
      .object({ code: z.string(), since: z.string() })
      .optional()
      .meta({ description: 'What it waits for; it goes on by itself.' }),
    failure: z.object({ code: z.string(), message: z.string() }).optional(),
    created_at: z.string(),
    updated_at: z.string(),
    ended_at: z.string().optional(),
  })
  .meta({ id: 'Resolution' });
export type ResolutionView = z.infer<typeof resolutionView>;

/** The answer to a preview, and to an order that was accepted. */
export const resolutionPreview = z
  .object({ preview: z.literal(true), count: z.int().meta({ description: 'Open conflicts that would be decided.' }) })
  .meta({ id: 'ResolutionPreview' });
export type ResolutionPreview = z.infer<typeof resolutionPreview>;

export const resolutionStarted = z
  .object({ resolution_id: z.uuid(), state: z.enum(RESOLUTION_STATES), status_url: z.string() })
  .meta({ id: 'ResolutionStarted' });
export type ResolutionStarted = z.infer<typeof resolutionStarted>;
