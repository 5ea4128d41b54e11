import type { CloneRecord } from '@wcr/shared/contracts/clone-record';
import type { FormState } from '../form.ts';
import { form, formProblem, tickBox } from '../parts/fields.ts';
import { siteName } from '../parts/format.ts';
import { frame, type Viewer } from '../parts/frame.ts';
import { type Html, html } from '../parts/html.ts';
import { siteFields } from '../parts/site-fields.ts';

type RestoreForm = {
  readonly viewer: Viewer;
  readonly clone: CloneRecord;
  readonly form: FormState;
  readonly idempotencyKey: string;
};

/** Asks where the changes of a clone go. It always leads to a preview first: nothing is written from here. */
export function restoreFormPage({ viewer, clone, form: state, idempotencyKey }: RestoreForm): Html {
  const { id, name, sourceUrl } = clone;
  return frame(
    { title: 'Preview a restore', viewer },
    html`<p class="crumbs"><a href="/">Clones</a> <a href="/clones/${id}">${name ?? siteName(sourceUrl)}</a></p>
      <h1>Preview a restore</h1>
      <p class="muted">The clone is compared with the live site. Nothing is written; afterwards you see what would change and decide.</p>
      ${form(
        { action: `/clones/${id}/restore`, viewer, className: 'card medium' },
        html`${formProblem(state)}
          <input type="hidden" name="idempotencyKey" value="${idempotencyKey}">
          ${siteFields(state, 'target', {
            url: sourceUrl,
            loginHint:
              'An administrator’s of the live site. Not needed for the site that was cloned, as long as our plugin is on it.',
          })}
          <fieldset>
            <legend>Leave alone on the live site</legend>
            ${tickBox(state, { name: 'preservePlugins', label: 'Plugins', hint: 'files, versions and which are active' }, true)}
            ${tickBox(state, { name: 'preserveThemes', label: 'Themes' }, false)}
            ${tickBox(state, { name: 'preserveUploads', label: 'Uploads', hint: 'otherwise yours are added to them' }, false)}
          </fieldset>
          <button class="primary">Preview</button>`,
      )}`,
  );
}
