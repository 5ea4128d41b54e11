import { formatDuration, roughly } from './format.ts';
import { type Html, html } from './html.ts';

/** A moment; the script shows it in the reader's own time zone. @param ms since the epoch */
export function moment(ms: number): Html {
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}" data-local>${iso.slice(0, 16).replace('T', ' ')} UTC</time>`;
}

/** How long it is until a moment; the script counts on. */
export function countdown(ms: number, now: number): Html {
  const left = ms <= now ? 'now' : `in ${formatDuration(ms - now)}`;
  return html`<time class="countdown" datetime="${new Date(ms).toISOString()}" data-countdown>${left}</time>`;
}

/** How long ago something was. */
export function ago(ms: number, now: number): Html {
  const text = now - ms < 60_000 ? 'just now' : `${roughly(now - ms)} ago`;
  return html`<time datetime="${new Date(ms).toISOString()}">${text}</time>`;
}
