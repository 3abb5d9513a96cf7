import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { timeOfDay } from './words.ts';

export interface Plot {
  show(times: readonly number[], values: readonly number[]): void;
  remove(): void;
}

const HEIGHT_PX = 180;
/** Between two times on the axis: whole seconds, up to a day. */
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400];
const times = (_plot: uPlot, seconds: number[]) => seconds.map((s) => timeOfDay(s * 1000));

/** A line of one value over time, in the colours of the page; as wide as `place`. Loaded only where a plot is shown. */
export function openPlot(place: HTMLElement, label: string): Plot {
  const style = getComputedStyle(place);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--soft'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  };
  const width = () => Math.max(200, place.clientWidth);
  const plot = new uPlot(
    {
      width: width(),
      height: HEIGHT_PX,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] } },
      axes: [
        { ...axis, incrs: STEPS_S, space: 80, values: times },
        { ...axis, size: 64, values: (_plot, values) => values.map((v) => v.toLocaleString('en-US')) },
      ],
      series: [
        {},
        { label, stroke: colour('--brand'), width: 2, fill: colour('--busy-back'), points: { show: false } },
      ],
    },
    [[], []],
    place,
  );
  const resized = new ResizeObserver(() => plot.setSize({ width: width(), height: HEIGHT_PX }));
  resized.observe(place);
  return {
    show: (times, values) => plot.setData([[...times], [...values]]),
    remove: () => {
      resized.disconnect();
      plot.destroy();
    },
  };
}
