import { type Html, html } from './html.ts';

/** A value to be taken elsewhere; the script shows the button that copies it. */
export function secretValue(value: string, what: string): Html {
  return html`<code class="value">${value}</code> <button class="quiet" type="button" data-copy="${value}" aria-label="Copy the ${what}" hidden>Copy</button>`;
}
