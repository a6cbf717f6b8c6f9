// NSGA-II: the hypervolume of what is best so far, by generation, a line a group.

import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';

import { digits } from '../format';
import { openJob } from '../live/state';
import { axisFor, type Axes, type Frame } from '../trials/plot';
import { kGroup } from '../trials/quantities';
import { volumeLines, volumeText } from '../trials/search';
import { colouring } from '../trials/shown';
import { FigureFrame, useFrame } from './figure_frame';
import { colourClass } from './marks';
import { Tip } from './tip';
import { usePointing } from './use_pointing';

const kVolume = { ...kGroup, key: 'hypervolume', label: 'Hypervolume', numeric: true, bounds: [0, Infinity] as const, tick: (value: number) => String(Number(value.toPrecision(3))) };

function axesOf(generations: readonly number[], volumes: readonly number[], frame: Frame): Axes {
  const whole = { ...kVolume, tick: (value: number) => (Number.isInteger(value) ? String(value) : '') };
  const x = axisFor({ ...whole, bounds: [1, Infinity] as const }, generations, [frame.left + 10, frame.right - 10], 60);
  return {
    x: { ...x, ticks: x.ticks.filter((tick) => tick.text !== ''), logarithmic: false },
    y: axisFor(kVolume, volumes, [frame.bottom, frame.top], 48),
  };
}

function colourOfGroup(group: string, order: number): string {
  const { quantity, classes } = colouring.value;
  const own = quantity.key === 'group' ? classes.find(({ key }) => key === group) : undefined;
  return colourClass(own?.index ?? order, false);
}

export function VolumeFigure({ width, height }: { width: number; height: number }) {
  const pointed = useSignal<string | null>(null);
  const generations = openJob.value?.generations;
  const frame = useFrame(width, height);
  const lines = useMemo(() => volumeLines(generations ?? []), [generations]);
  const points = useMemo(() => [...lines.values()].flat(), [lines]);
  const axes = useMemo(
    () => axesOf(points.map((point) => point.of.generation), points.map((point) => point.volume), frame),
    [points, frame],
  );
  const places = useMemo(
    () => points.map((point) => ({ id: point.id, x: axes.x.at(point.of.generation), y: axes.y.at(point.volume), point })),
    [points, axes],
  );
  const pointing = usePointing({ places, pointed });
  const near = places.find((place) => place.id === pointed.value);
  const last = points.at(-1);
  return (
    <FigureFrame
      width={width}
      height={height}
      frame={frame}
      axes={axes}
      x="Generation"
      y="Hypervolume"
      kind="line plot"
      label={`Hypervolume of ${points.length} generations${last === undefined ? '' : `, at last ${digits(last.volume)}`}. Arrow keys walk from one to the next.`}
      pointing={pointing}
      tip={near !== undefined && (
        <Tip x={near.x} y={near.y} width={width}>
          <p><b>{near.point.of.group_name}</b></p>
          <p>{volumeText(near.point)}</p>
        </Tip>
      )}
      said={near === undefined ? '' : `${near.point.of.group_name}, ${volumeText(near.point)}`}
    >
      {[...lines].map(([group, line], order) => (
        <g key={group} class={colourOfGroup(group, order)}>
          <path class="rung-line" d={`M${line.map((point) => `${axes.x.at(point.of.generation).toFixed(1)},${axes.y.at(point.volume).toFixed(1)}`).join('L')}`} />
          {line.map((point) => <circle key={point.id} class="volume" cx={axes.x.at(point.of.generation)} cy={axes.y.at(point.volume)} r={point.id === pointed.value ? 6 : 3.5} />)}
        </g>
      ))}
    </FigureFrame>
  );
}
