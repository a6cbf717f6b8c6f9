// Numbers and times as people read them. Pure.

export const kUnmeasured = '–';

// Three significant digits, without exponents: 0.0523, 5.23, 523, 52300.
export function digits(value: number, significant = 3): string {
  if (value === 0) return '0';
  const magnitude = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.min(12, Math.max(0, significant - 1 - magnitude));
  return value.toFixed(decimals).replace('-', '−');
}

function scaled(value: number, units: readonly string[]): string {
  let index = 0;
  let rest = value;
  while (Math.abs(rest) >= 999.5 && index < units.length - 1) {
    rest /= 1000;
    index += 1;
  }
  const number = index === 0 ? String(Math.round(rest)) : digits(rest);
  return `${number} ${units[index] ?? ''}`.trim();
}

// Without zeros that say nothing: 1.00 M is 1 M.
export function tidy(number: string): string {
  return number.replace(/(\.\d*?)0+(?=\s|$)/, '$1').replace(/\.(?=\s|$)/, '');
}

export function bytes(value: number): string {
  return scaled(value, ['B', 'KB', 'MB', 'GB', 'TB']);
}

export function count(value: number): string {
  return scaled(value, ['', 'k', 'M', 'G', 'T']);
}

export function percent(share: number, decimals = 1): string {
  return `${(share * 100).toFixed(decimals)} %`;
}

export function signedPoints(share: number): string {
  const points = (share * 100).toFixed(1);
  return points.startsWith('-') ? points.replace('-', '−') : `+${points}`;
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return minutes < 10 ? `${minutes} min ${whole % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function clock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
}

export function shortDate(iso: string): string {
  return new Date(iso).toLocaleString([], { month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit' });
}

export function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}

export function param(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export function params(values: Record<string, unknown>): string {
  return Object.entries(values)
    .map(([key, value]) => `${key} ${param(value)}`)
    .join(', ');
}

// One unit for a whole column and axis, so that numbers can be compared at a glance.
export interface TimeUnit {
  name: 'µs' | 'ms' | 's';
  perMs: number;
}

export function timeUnit(longestMs: number): TimeUnit {
  if (longestMs > 0 && longestMs < 1) return { name: 'µs', perMs: 1000 };
  return longestMs >= 10_000 ? { name: 's', perMs: 0.001 } : { name: 'ms', perMs: 1 };
}
