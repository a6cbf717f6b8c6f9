// A figure's axes: lines, numbers and names.

import type { Axes, Frame } from '../trials/plot';

function axisName(label: string, logarithmic: boolean): string {
  return logarithmic ? `${label}, log scale` : label;
}

export function Grid({ axes, frame, x, y }: { axes: Axes; frame: Frame; x: string; y: string }) {
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
