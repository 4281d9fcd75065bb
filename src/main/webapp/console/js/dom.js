// Elements without markup in strings: everything a person or the server wrote is text.

const SVG = 'http://www.w3.org/2000/svg';

/** An element; `on…` are handlers, `value` and the like properties, all others attributes. */
export function h(tag, props, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for a drawing. */
export function s(tag, props, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

const PROPERTIES = new Set(['value', 'checked', 'selected', 'disabled', 'hidden', 'indeterminate']);

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element[name] = value;
    else if (PROPERTIES.has(name)) element[name] = value;
    else element.setAttribute(name, value === true ? '' : value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Makes the content of an element that of these children, and keeps what is there already: focus, selection, an open
 * `details` and what somebody has typed survive an update.
 */
export function render(element, ...children) {
  const fresh = document.createElement('div');
  append(fresh, children);
  morphChildren(element, fresh);
}

function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, i) => {
    const present = old.childNodes[i];
    if (!present) old.append(node);
    else if (present.nodeType !== node.nodeType || present.nodeName !== node.nodeName || keyOf(present) !== keyOf(node)) {
      present.replaceWith(node);
    } else if (node.nodeType === Node.TEXT_NODE) {
      if (present.data !== node.data) present.data = node.data;
    } else morph(present, node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

const keyOf = (node) => (node.getAttribute ? node.getAttribute('data-key') : null);

const HANDLERS = ['onclick', 'onsubmit', 'onchange', 'oninput', 'onkeydown'];

function morph(old, fresh) {
  if (old.hasAttribute('data-kept')) return;
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !(name === 'open' && old.nodeName === 'DETAILS')) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const name of HANDLERS) old[name] = fresh[name];
  if ('disabled' in old) old.disabled = fresh.disabled;
  morphChildren(old, fresh);
}

/** Tells those who listen instead of looking. */
export function announce(text) {
  const live = document.getElementById('live');
  if (live.textContent !== text) live.textContent = text;
}
