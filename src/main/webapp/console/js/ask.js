// Asks before something happens that cannot be taken back, and says in words what will happen.
import { h, render } from './dom.js';
import { problemBox } from './parts.js';

const LEFT = 'page-left';
let number = 0;

/**
 * Shows a dialog; `run` does it, and the dialog stays while that fails. The answer says whether it was done.
 * @param fields each with `name`, `label`, and `type` (text, number, select, checkbox, textarea, datetime), `hint`,
 *   `options`, `value`, `required`, `min`, `max`, `pattern`
 */
export function ask({ title, words = [], fields = [], confirm, danger = false, run }) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    number += 1;
    const problem = h('div', { class: 'place' });
    const inputs = new Map(fields.map((field) => [field.name, control(field, `ask-${number}-${field.name}`)]));
    const doIt = h('button', { type: 'submit', class: danger ? 'danger' : 'primary' }, confirm);
    const notNow = h('button', { type: 'button', onclick: () => end(false) }, 'Not now');
    let underWay = false;
    const form = h('form', { method: 'dialog' },
      h('h2', { id: `ask-${number}` }, title),
      words.filter(Boolean).map((line) => (line instanceof Node ? line : h('p', {}, line))),
      fields.map((field) => labelled(field, inputs.get(field.name))),
      problem,
      h('div', { class: 'buttons' }, notNow, doIt));
    const dialog = h('dialog', { 'aria-labelledby': `ask-${number}` }, form);

    function end(done) {
      dialog.close();
      dialog.remove();
      if (opener?.isConnected) opener.focus();
      resolve(done);
    }

    /** What is under way cannot be called off: the dialog stays for what comes of it. */
    function setUnderWay(is) {
      underWay = is;
      doIt.disabled = is;
      notNow.disabled = is;
    }

    dialog.oncancel = (event) => { event.preventDefault(); if (!underWay) end(false); };
    dialog.onclose = () => { if (underWay && dialog.isConnected) dialog.showModal(); }; // by a second Escape, which no page can refuse
    dialog.addEventListener(LEFT, () => end(false));
    form.onsubmit = async (event) => {
      event.preventDefault();
      setUnderWay(true);
      render(problem);
      try {
        await run(valuesOf(fields, inputs));
        end(true);
      } catch (error) {
        render(problem, problemBox(error));
        setUnderWay(false);
      }
    };
    document.body.append(dialog);
    dialog.showModal();
  });
}

function valuesOf(fields, inputs) {
  return Object.fromEntries(fields.map((field) => [field.name, valueOf(field, inputs.get(field.name))]));
}

function valueOf(field, input) {
  if (field.type === 'checkbox') return input.checked;
  const text = input.value.trim();
  if (text === '') return null;
  if (field.type === 'number') return Number(text);
  return field.type === 'datetime' ? new Date(text).toISOString() : text;
}

/** A field's element, of whatever type. */
export function control(field, id) {
  const common = { id, name: field.name, required: field.required, 'aria-describedby': field.hint ? `${id}-hint` : null };
  if (field.type === 'select') {
    return h('select', common, field.options.map(([value, text]) =>
      h('option', { value, selected: value === field.value }, text)));
  }
  if (field.type === 'textarea') return h('textarea', { ...common, rows: 5, spellcheck: 'false' });
  const input = h('input', {
    ...common, min: field.min, max: field.max, pattern: field.pattern, maxlength: field.maxlength, checked: field.value === true,
    type: field.type === 'datetime' ? 'datetime-local' : field.type ?? 'text', autocomplete: 'off', spellcheck: 'false',
    step: field.type === 'datetime' ? 1 : null, placeholder: field.placeholder,
  });
  if (field.type !== 'checkbox' && field.value !== undefined && field.value !== null) input.value = field.value;
  return input;
}

/** A field with its label and its hint. */
export function labelled(field, input) {
  const hint = field.hint && h('small', { id: `${input.id}-hint` }, field.hint);
  return field.type === 'checkbox'
    ? h('div', { class: 'field check' }, input, h('label', { for: input.id }, field.label), hint)
    : h('div', { class: 'field' }, h('label', { for: input.id }, field.label), input, hint);
}

/** A question about a page that was left is answered: not now. */
export function closeAll() {
  for (const dialog of document.querySelectorAll('dialog')) dialog.dispatchEvent(new Event(LEFT));
}

/** Does at once what a button says. A refusal is told in a dialog of its own: the page goes on. */
export async function attempt(pressed, refused, run) {
  pressed.disabled = true;
  try {
    await run();
  } catch (error) {
    await ask({ title: refused, words: [error.message], confirm: 'Try again', run });
  } finally {
    pressed.disabled = false;
  }
}

/** The reasons that the API takes by default for an erasure. */
export const REASONS = ['data-subject-request', 'consent-withdrawn', 'retention', 'enrolment-error'];

export const reasonField = () => ({
  name: 'reason', label: 'Reason', type: 'select', required: true, options: REASONS.map((reason) => [reason, reason]),
  hint: 'It stands in the receipt and in the audit trail.',
});
