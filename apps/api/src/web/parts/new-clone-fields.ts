import type { FormState } from '../form.ts';
import { choice, textArea, textField } from './fields.ts';
import { formatMinutes } from './format.ts';
import { type Html, html } from './html.ts';
import { siteFields } from './site-fields.ts';

/** Lives that are offered, in minutes. */
const LIVES = [30, 60, 240, 1_440, 4_320, 10_080] as const;

/** The lives a clone may have here, in minutes. */
export function livesUpTo(maxTtlMinutes: number): number[] {
  const offered = LIVES.filter((minutes) => minutes <= maxTtlMinutes);
  return offered.length === 0 ? [maxTtlMinutes] : offered;
}

/** What is asked for a new clone. */
export function newCloneFields(state: FormState, maxTtlMinutes: number): Html {
  const lives = livesUpTo(maxTtlMinutes);
  const usual = String(lives.includes(60) ? 60 : lives[0]);
  return html`
    ${siteFields(state, 'source', { loginHint: 'An administrator’s. Not needed for a site you have cloned before.' })}
    ${choice(
      state,
      { name: 'ttlMinutes', label: 'Lives for', value: usual },
      lives.map((minutes) => [String(minutes), formatMinutes(minutes)]),
    )}
    ${textField(state, { name: 'name', label: 'Name', hint: 'Optional; what you will call it.' })}
    <details class="more"${hasMore(state) ? html` open` : ''}>
      <summary>Leave things out</summary>
      ${textArea(state, { name: 'exclude.paths', label: 'Paths', placeholder: 'wp-content/cache*', hint: 'Relative to the site’s root, one a line.' })}
      ${textArea(state, { name: 'exclude.tables', label: 'Tables', hint: 'One a line.' })}
    </details>`;
}

function hasMore({ typed }: FormState): boolean {
  return Boolean(typed['exclude.paths'] || typed['exclude.tables']);
}
