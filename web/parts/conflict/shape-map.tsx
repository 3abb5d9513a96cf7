import { useSignal } from '@preact/signals';
import { useId, useMemo } from 'preact/hooks';
import type { ShapesView } from '../../../lib/model/conflict-answers.ts';
import { boxOf, changedBox, type Paper, pathOf, projection, rounded } from '../../geometry/drawing.ts';
import { figure, measuresOf, unitOf } from '../../geometry/measures.ts';
import { type Outline, outlineOf, verticesOf } from '../../geometry/outline.ts';

const PAPER: Paper = { width: 640, height: 400, margin: 28 };
const SIDES = ['base', 'target', 'source'] as const; // the one below comes first
const NAMES = { base: 'Base', source: 'Source', target: 'Target' } as const;
type MapSide = (typeof SIDES)[number];

/** More dots than these hide the lines. */
const DOTS_TO = 400;

interface ShapeMapProps {
  readonly shapes: ShapesView;
  readonly type: string;
  readonly column: string;
}

/** Shapes of a column over each other, with what they measure. */
export function ShapeMap({ shapes, type, column }: ShapeMapProps) {
  const hidden = useSignal<readonly MapSide[]>([]);
  const closer = useSignal(false);
  const id = useId();
  const outlines = useMemo(
    () =>
      SIDES.flatMap((side) => {
        const outline = outlineOf(shapes[side]?.geojson);
        return outline ? [{ side, outline }] : [];
      }),
    [shapes],
  );
  const whole = boxOf(outlines.flatMap(({ outline }) => verticesOf(outline)));
  const compared = outlines.filter(({ side }) => side !== 'base').map(({ outline }) => outline);
  const changed = compared.length === 2 ? changedBox(compared) : undefined;
  const box = closer.value && changed ? changed : whole;
  const project = box && projection(box, PAPER, shapes.crs === 'EPSG:4326');
  const toggle = (side: MapSide) => {
    const { value } = hidden;
    hidden.value = value.includes(side) ? value.filter((s) => s !== side) : [...value, side];
  };

  return (
    <figure class="map">
      {project && (
        <svg viewBox={`0 0 ${PAPER.width} ${PAPER.height}`} role="img" aria-labelledby={id}>
          <title id={id}>{`${column}: ${outlines.map(({ side }) => NAMES[side].toLowerCase()).join(', ')}`}</title>
          {outlines
            .filter(({ side }) => !hidden.value.includes(side))
            .map(({ side, outline }) => (
              <g key={side} class={side}>
                <path class="area" d={pathOf({ lines: [], areas: outline.areas }, project)} fill-rule="evenodd" />
                <path class="line" d={pathOf({ lines: outline.lines, areas: [] }, project)} />
                <Dots outline={outline} project={project} />
              </g>
            ))}
        </svg>
      )}
      {!project && <p class="fine">The shapes are empty, or too large to be drawn; they were measured.</p>}
      <figcaption>
        <div class="legend">
          {SIDES.filter((side) => shapes[side]).map((side) => (
            <label key={side} class={side}>
              <input type="checkbox" checked={!hidden.value.includes(side)} onChange={() => toggle(side)} />
              <svg viewBox="0 0 24 8" aria-hidden="true">
                <g class={side}>
                  <path class="line" d="M1 4H23" />
                </g>
              </svg>
              {NAMES[side]}
              {shapes[side]?.geojson === undefined && <span class="fine"> (too large to be drawn)</span>}
            </label>
          ))}
          {changed && (
            <button
              type="button"
              class="quiet"
              aria-pressed={closer.value}
              onClick={() => (closer.value = !closer.value)}
            >
              {closer.value ? 'Show it whole' : 'Look closer at what differs'}
            </button>
          )}
        </div>
        <Measures shapes={shapes} type={type} column={column} />
      </figcaption>
    </figure>
  );
}

function Dots({ outline, project }: { readonly outline: Outline; readonly project: ReturnType<typeof projection> }) {
  const lone = outline.points.length > DOTS_TO ? outline.points.slice(0, DOTS_TO) : outline.points;
  const all = verticesOf({ ...outline, points: [] });
  return (
    <>
      {(all.length > DOTS_TO ? [] : all).map((at) => {
        const [x, y] = project(at);
        return <circle class="vertex" cx={rounded(x)} cy={rounded(y)} r={2.5} />;
      })}
      {lone.map((at) => {
        const [x, y] = project(at);
        return <circle class="point" cx={rounded(x)} cy={rounded(y)} r={6} />;
      })}
    </>
  );
}

function Measures({ shapes, type, column }: ShapeMapProps) {
  const unit = unitOf(shapes, type);
  const rows = measuresOf(shapes, type);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard */}
      <section class="scroll" aria-label={`What the shapes of ${column} measure`} tabIndex={0}>
        <table class="measures">
          <caption class="only-read">What the shapes measure</caption>
          <thead>
            <tr>
              <th scope="col">Measure</th>
              {shapes.base && <th scope="col">Base</th>}
              <th scope="col">Source</th>
              <th scope="col">Target</th>
              <th scope="col">Source against target</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.name}>
                <th scope="row">{row.name}</th>
                {shapes.base && <td>{row.base ?? '–'}</td>}
                <td>{row.source ?? '–'}</td>
                <td>{row.target ?? '–'}</td>
                <td>{row.delta ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      <p class="fine">
        {shapes.distance !== undefined &&
          (shapes.distance === 0
            ? 'The shapes of both sides touch or overlap. '
            : `Both sides are ${figure(shapes.distance)} ${unit} apart. `)}
        {type !== 'geography' && rows.some(({ name }) => name === 'Area') && `Areas in square ${unit}. `}
        {shapes.why_as_stored === 'no_srid' &&
          'Drawn in the coordinates as they are stored: a shape has no reference system.'}
        {shapes.why_as_stored === 'cannot_transform' &&
          'Drawn in the coordinates as they are stored: PostGIS cannot transform them to WGS 84.'}
      </p>
    </>
  );
}
