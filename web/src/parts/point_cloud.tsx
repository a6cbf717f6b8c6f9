// Thousands of points, painted: as elements of their own they would make every redraw slow.

import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';

import type { Placed } from './plot_points';
import { colourName, shapePath } from './marks';

const kRadius = 2.6;
const kOpacity = 0.62; // as .point in page.css

function useDark(): boolean {
  const [dark, setDark] = useState(false);
  useEffect(() => {
    const asked = matchMedia('(prefers-color-scheme: dark)');
    const tell = () => { setDark(asked.matches); };
    tell();
    asked.addEventListener('change', tell);
    return () => { asked.removeEventListener('change', tell); };
  }, []);
  return dark;
}

function paint(canvas: HTMLCanvasElement, places: readonly Placed[], ordered: boolean, width: number, height: number): void {
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  const density = devicePixelRatio;
  canvas.width = width * density;
  canvas.height = height * density;
  pen.globalAlpha = kOpacity;
  const styles = getComputedStyle(canvas);
  for (const index of new Set(places.map((place) => place.index))) {
    pen.fillStyle = styles.getPropertyValue(colourName(index, ordered));
    const shape = new Path2D(shapePath(index));
    const scale = kRadius * density;
    for (const place of places) {
      if (place.index !== index) continue;
      pen.setTransform(scale, 0, 0, scale, place.x * density, place.y * density);
      pen.fill(shape);
    }
  }
}

export function PointCloud({ places, ordered, width, height }: {
  places: readonly Placed[];
  ordered: boolean;
  width: number;
  height: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = useDark();
  useLayoutEffect(() => {
    if (canvas.current !== null) paint(canvas.current, places, ordered, width, height);
  }, [places, ordered, width, height, dark]);
  return <canvas ref={canvas} class="cloud" style={{ width: `${width}px`, height: `${height}px` }} aria-hidden="true" />;
}
