// Points of a figure by pointer (hover, click) and by keyboard: arrows walk, Home and End jump, Enter selects.

import type { Signal } from '@preact/signals';
import { useRef, useState } from 'preact/hooks';

import { nearest, type Place } from '../trials/front';

const kReach = 28; // pixels from the pointer to a point that it means

export type Pointing = ReturnType<typeof usePointing>;

export function usePointing({ places, pointed, start, select }: {
  places: readonly Place[];
  pointed: Signal<string | null>;
  start?: () => string | null; // where walking begins if nothing is pointed at
  select?: (id: string) => void;
}) {
  const svg = useRef<SVGSVGElement>(null);
  const [walking, setWalking] = useState(false);
  const [hovered, setHovered] = useState(false);

  const at = (event: PointerEvent | MouseEvent) => {
    const box = svg.current?.getBoundingClientRect();
    return box === undefined ? null : nearest(places, event.clientX - box.left, event.clientY - box.top, kReach);
  };

  const walk = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
    const inOrder = [...places].sort((a, b) => a.x - b.x);
    const from = pointed.peek() ?? start?.() ?? null;
    const current = inOrder.findIndex((place) => place.id === from);
    let next = current;
    if (step !== undefined) next = current < 0 ? (step > 0 ? 0 : inOrder.length - 1) : current + step;
    else if (event.key === 'Home') next = 0;
    else if (event.key === 'End') next = inOrder.length - 1;
    else if (event.key !== 'Enter' && event.key !== ' ') return;
    else if (from !== null && current >= 0) select?.(from);
    event.preventDefault();
    setWalking(true);
    pointed.value = inOrder[Math.min(inOrder.length - 1, Math.max(0, next))]?.id ?? null;
  };

  const leave = () => {
    pointed.value = null;
    setWalking(false);
  };

  return {
    svg, // of the figure
    walking,
    active: walking || hovered, // it is here that something is pointed at
    handlers: {
      onPointerMove: (event: PointerEvent) => {
        pointed.value = at(event);
        setHovered(true);
      },
      onPointerLeave: () => {
        pointed.value = null;
        setHovered(false);
      },
      onClick: (event: MouseEvent) => {
        const id = at(event);
        if (id !== null) select?.(id);
      },
      onKeyDown: walk,
      onBlur: leave,
    },
  };
}
