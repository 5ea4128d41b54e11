import type { FormState } from '../form.ts';
import { textField } from './fields.ts';
import { type Html, html } from './html.ts';

const LOGIN_NAMES = ['username', 'password', 'pairingKey', 'loginUrl', 'httpAuth.username', 'httpAuth.password'] as const;

/** The names of a site's fields in a form. */
export function siteFieldNames(role: 'source' | 'target'): string[] {
  return ['url', ...LOGIN_NAMES].map((name) => `${role}.${name}`);
}

/**
 * Where a site is and what opens it.
 * @param options `url`: the address that is offered; `loginHint`: who has to give a login
 */
export function siteFields(
  state: FormState,
  role: 'source' | 'target',
  { url = '', loginHint }: { url?: string; loginHint: string },
): Html {
  return html`
    ${textField(state, {
      name: `${role}.url`,
      label: 'Address of the WordPress',
      type: 'url',
      isRequired: true,
      placeholder: 'https://shop.example',
      value: url,
    })}
    ${loginFields(state, role, loginHint)}`;
}

/** What opens a site. */
export function loginFields(state: FormState, role: 'source' | 'target', loginHint: string): Html {
  const name = (field: (typeof LOGIN_NAMES)[number]) => `${role}.${field}`;
  const isOpen = LOGIN_NAMES.slice(2).some((field) => state.typed[name(field)] || state.problems[name(field)]);
  return html`
    <div class="pair">
      ${textField(state, { name: name('username'), label: 'User name' })}
      ${textField(state, { name: name('password'), label: 'Password', type: 'password', autocomplete: 'off' })}
    </div>
    <p class="hint">${loginHint}</p>
    <details class="more"${isOpen ? html` open` : ''}>
      <summary>Pairing key, moved login page, HTTP authentication</summary>
      ${textField(state, {
        name: name('pairingKey'),
        label: 'Pairing key',
        type: 'password',
        hint: 'From Settings → Clone & Restore, where the plugin was installed by hand. Then no login is needed.',
      })}
      ${textField(state, { name: name('loginUrl'), label: 'Login page', type: 'url', hint: 'If it is not wp-login.php.' })}
      <div class="pair">
        ${textField(state, { name: name('httpAuth.username'), label: 'HTTP user' })}
        ${textField(state, { name: name('httpAuth.password'), label: 'HTTP password', type: 'password' })}
      </div>
    </details>`;
}
