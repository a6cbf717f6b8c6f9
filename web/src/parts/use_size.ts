import type { RefObject } from 'preact';
import { useLayoutEffect, useState } from 'preact/hooks';

export interface Size {
  width: number;
  height: number;
}

export function useSize(element: RefObject<Element>): Size {
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });
  useLayoutEffect(() => {
    const watched = element.current;
    if (watched === null) return;
    const measure = () => { setSize({ width: watched.clientWidth, height: watched.clientHeight }); };
    const observer = new ResizeObserver(measure);
    observer.observe(watched);
    measure();
    return () => { observer.disconnect(); };
  }, [element]);
  return size;
}
