import { type FormState, isSecret } from '../form.ts';
import type { Viewer } from './frame.ts';
import { type Html, html } from './html.ts';
import { problemBox } from './problem.ts';

/** A form that changes something; it carries the session's token. */
export function form(
  { action, viewer, className = '' }: { action: string; viewer: Viewer; className?: string },
  content: Html,
): Html {
  return html`<form class="${className}" method="post" action="${action}">
      <input type="hidden" name="token" value="${viewer.formToken}">
      ${content}
    </form>`;
}

/**
 * Why a form was refused, at the top of its page, which does not load itself again then. What is wrong with a field stands
 * beside it, and needs no other hint.
 */
export function formProblem({ error, problems }: FormState): Html | '' {
  if (error === undefined) return '';
  const { code, message, hint } = error;
  const isByField = Object.keys(problems).length > 0;
  return html`<div data-hold>${problemBox(isByField ? { code, message } : { code, message, hint })}</div>`;
}

type Field = {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'url' | 'password';
  readonly hint?: string | Html;
  readonly isRequired?: boolean;
  readonly placeholder?: string;
  readonly autocomplete?: string;
  /** What it holds until something else is typed. */
  readonly value?: string;
};

/** A field of one line, with what is wrong with it. */
export function textField(state: FormState, field: Field): Html {
  const { name, type = 'text', isRequired = false, placeholder = '', autocomplete = 'off' } = field;
  const value = isSecret(name) ? '' : (state.typed[name] ?? field.value ?? '');
  const constraints = isRequired ? html` required` : '';
  return labelled(
    state,
    field,
    html`<input id="${name}" name="${name}" type="${type}" value="${value}" placeholder="${placeholder}"
        autocomplete="${autocomplete}" spellcheck="false" autocapitalize="none" maxlength="2048"${constraints}${describedBy(state, field)}>`,
  );
}

/** A field of several lines. */
export function textArea(state: FormState, field: Field): Html {
  const { name, placeholder = '' } = field;
  return labelled(
    state,
    field,
    html`<textarea id="${name}" name="${name}" rows="2" placeholder="${placeholder}" spellcheck="false"${describedBy(state, field)}>${state.typed[name] ?? ''}</textarea>`,
  );
}

/** A choice of one. @param options by value */
export function choice(state: FormState, field: Field, options: readonly (readonly [value: string, text: string])[]): Html {
  const chosen = state.typed[field.name] ?? field.value;
  return labelled(
    state,
    field,
    html`<select id="${field.name}" name="${field.name}"${describedBy(state, field)}>
        ${options.map(([value, text]) => html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`)}
      </select>`,
  );
}

/** A box to tick. @param isChecked unless the form was sent before */
export function tickBox(state: FormState, { name, label, hint }: Field, isChecked: boolean): Html {
  const isSent = Object.keys(state.typed).length > 0;
  const checked = (isSent ? state.typed[name] === 'on' : isChecked) ? html` checked` : '';
  return html`<div class="tick">
      <input id="${name}" name="${name}" type="checkbox" value="on"${checked}>
      <label for="${name}">${label}${hint === undefined ? '' : html` <span class="hint">${hint}</span>`}</label>
    </div>`;
}

function labelled(state: FormState, { name, label, hint }: Field, control: Html): Html {
  const problem = state.problems[name];
  return html`<div class="field${problem === undefined ? '' : ' wrong'}">
      <label for="${name}">${label}</label>
      ${control}
      ${problem === undefined ? '' : html`<p class="wrong" id="${name}-problem">This ${problem}.</p>`}
      ${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}
    </div>`;
}

function describedBy({ problems }: FormState, { name, hint }: Field): Html | '' {
  const isWrong = problems[name] !== undefined;
  const ids = [isWrong ? `${name}-problem` : '', hint === undefined ? '' : `${name}-hint`].filter((id) => id !== '');
  if (ids.length === 0) return '';
  return html` aria-describedby="${ids.join(' ')}"${isWrong ? html` aria-invalid="true"` : ''}`;
}
