const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** E.g. `12.3 MB`, in powers of 1,000 as file managers count. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3));
  const amount = bytes / 1_000 ** power;
  return `${power === 0 ? Math.round(amount) : amount.toFixed(amount < 100 ? 1 : 0)} ${UNITS[power]}`;
}

/** E.g. `1,234`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** E.g. `3 tables`, `1 file`; `plural` where an s is not enough. */
export function countOf(count: number, one: string, plural = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : plural}`;
}

/** A time in the units that matter: `2 d 4 h`, `1 h 12 min`, `48 min`, `9 min 58 s`, `12 s`. As `assets/live.js` counts on. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const [days, hours, minutes] = [Math.floor(ms / DAY_MS), Math.floor(ms / HOUR_MS) % 24, Math.floor(ms / MINUTE_MS) % 60];
  if (days > 0) return `${days} d ${hours} h`;
  if (ms >= HOUR_MS) return `${hours} h ${minutes} min`;
  if (minutes >= 10) return `${minutes} min`;
  return seconds >= 60 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** The largest unit of a time: `2 d`, `1 h`, `9 min`, `12 s`. */
export function roughly(ms: number): string {
  return formatDuration(ms).split(' ').slice(0, 2).join(' ');
}

/** A life that is offered: `30 minutes`, `4 hours`, `7 days`. */
export function formatMinutes(minutes: number): string {
  if (minutes % 1_440 === 0) return countOf(minutes / 1_440, 'day');
  return minutes % 60 === 0 ? countOf(minutes / 60, 'hour') : countOf(minutes, 'minute');
}

/** What people call a site: its host, and its path if it has one. */
export function siteName(url: string): string {
  return url.replace(/^https?:\/\//, '').replace(/\/$/, '');
}

/** A step's or queue's kebab-case name in words: `copy-tables` → `Copy tables`. */
export function inWords(name: string): string {
  const words = name.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
