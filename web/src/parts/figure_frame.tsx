// What every figure has around what it draws: axes with their names, pointer and keys, the tip, and the words for those who
// don't see it.

import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';

import type { Axes, Frame } from '../trials/plot';
import type { Pointing } from './use_pointing';

// Room for numbers and names of the axes; `left` for the words or numbers of the vertical one.
export function useFrame(width: number, height: number, left = 58): Frame {
  return useMemo(() => ({ left, right: width - 14, top: 26, bottom: height - 46 }), [width, height, left]);
}

function axisName(label: string, logarithmic: boolean): string {
  return logarithmic ? `${label}, log scale` : label;
}

function Grid({ axes, frame, x, y }: { axes: Axes; frame: Frame; x: string; y: string }) {
  return (
    <g class="axes">
      {axes.y.ticks.map(({ at, text }) => (
        <g key={at}>
          <line x1={frame.left} x2={frame.right} y1={at} y2={at} />
          <text x={frame.left - 8} y={at} dy=".32em" text-anchor="end">{text}</text>
        </g>
      ))}
      {axes.x.ticks.map(({ at, text }) => (
        <g key={at}>
          <line x1={at} x2={at} y1={frame.top} y2={frame.bottom} />
          <text x={at} y={frame.bottom + 18} text-anchor="middle">{text}</text>
        </g>
      ))}
      <text class="axis-name" x={frame.right} y={frame.bottom + 36} text-anchor="end">{axisName(x, axes.x.logarithmic)} →</text>
      <text class="axis-name" x={frame.left} y={12}>↑ {axisName(y, axes.y.logarithmic)}</text>
    </g>
  );
}

export function FigureFrame({ width, height, frame, axes, x, y, kind, label, pointing, beneath, tip, said, children }: {
  width: number;
  height: number;
  frame: Frame;
  axes: Axes;
  x: string; // the axes' names
  y: string;
  kind: string; // in words
  label: string;
  pointing: Pointing;
  beneath?: ComponentChildren; // between the axes and what is drawn
  tip: ComponentChildren; // beside what is pointed at
  said: string; // of it, to those who walk by keys
  children: ComponentChildren;
}) {
  const { svg, walking, handlers } = pointing;
  const grid = useMemo(() => <Grid axes={axes} frame={frame} x={x} y={y} />, [axes, frame, x, y]);
  return (
    <>
      <svg class="plot" width={width} height={height} aria-hidden="true">{grid}</svg>
      {beneath}
      <svg
        ref={svg}
        class="plot"
        width={width}
        height={height}
        tabIndex={0}
        role="application"
        aria-roledescription={kind}
        aria-label={label}
        {...handlers}
      >
        {children}
      </svg>
      {tip}
      <p class="unseen" aria-live="polite">{walking ? said : ''}</p>
    </>
  );
}
