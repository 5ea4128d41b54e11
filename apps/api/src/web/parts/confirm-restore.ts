import type { RestoreRecord } from '@wcr/shared/contracts/restore';
import { hasScope } from '../../access/api-keys.ts';
import type { FormState } from '../form.ts';
import { form, textField, tickBox } from './fields.ts';
import { countOf, siteName } from './format.ts';
import type { Viewer } from './frame.ts';
import { type Html, html } from './html.ts';
import { missingScope } from './problem.ts';
import { loginFields } from './site-fields.ts';

type Confirmation = {
  readonly viewer: Viewer;
  /** The preview, or the restore that was refused. */
  readonly restore: RestoreRecord;
  readonly state: FormState;
  readonly idempotencyKey: string;
};

/** Asks whether to do what a preview has shown: the name of the site is typed, so that it is never done by accident. */
export function confirmRestore({ viewer, restore, state, idempotencyKey }: Confirmation): Html {
  const { id, targetUrl, report } = restore;
  const lost = report?.targetChanges.filter((change) => change.lost).length ?? 0;
  const site = siteName(targetUrl);
  return html`<section class="card" aria-labelledby="confirm">
      <h2 id="confirm">Restore ${site}</h2>
      ${
        hasScope(viewer.caller, 'restores:write')
          ? form(
              { action: `/restores/${id}/confirm`, viewer },
              html`<input type="hidden" name="idempotencyKey" value="${idempotencyKey}">
                <p>The site is in maintenance for a moment. If anything goes wrong it is rolled back by itself, and you can roll it back afterwards.</p>
                ${
                  lost === 0
                    ? ''
                    : tickBox(
                        state,
                        {
                          name: 'overwriteTargetChanges',
                          label: `Overwrite ${countOf(lost, 'change')} of the live site`,
                          hint: 'without it the restore stops before anything is written',
                        },
                        false,
                      )
                }
                ${textField(state, { name: 'confirmation', label: `Type ${site} to confirm`, isRequired: true })}
                <details class="more">
                  <summary>Login of the live site</summary>
                  ${loginFields(state, 'target', 'Only needed if our plugin was removed from the site meanwhile: what you gave for the preview is forgotten.')}
                </details>
                <button class="primary">Restore now</button>`,
            )
          : missingScope('restores:write', 'restore')
      }
    </section>`;
}
