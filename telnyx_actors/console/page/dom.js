// Elements made and kept up to date by hand. Text is only ever text: nothing here parses HTML.

/** An element with attributes (a function becomes a listener), and children: nodes, texts, or nothing. */
export function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  set(node, attributes);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function s(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  set(node, attributes);
  node.append(...children);
  return node;
}

/** Attributes: only what differs is touched. `null` and `false` take one away. */
export function set(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value === null || value === undefined || value === false) node.removeAttribute(name);
    else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
  }
  return node;
}

/** The text of an element, written only if it is another one. */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
  return node;
}

/**
 * Make the children of `parent` those of `items`, in order, and touch nothing that is in its place.
 * `make(item)` makes an element, `update(element, item)` brings it up to date if its item is another one.
 */
export function keyed(parent, items, keyOf, make, update) {
  const known = (parent.keyed ??= new Map());
  const wanted = new Set();
  let before = parent.firstChild;
  for (const item of items) {
    const key = keyOf(item);
    wanted.add(key);
    let entry = known.get(key);
    if (!entry) known.set(key, (entry = { node: make(item), item: undefined }));
    if (entry.item !== item) {
      update(entry.node, item);
      entry.item = item;
    }
    if (entry.node === before) before = before.nextSibling;
    else parent.insertBefore(entry.node, before);
  }
  for (const [key, entry] of known) {
    if (wanted.has(key)) continue;
    entry.node.remove();
    known.delete(key);
  }
}

/** Forget what was shown, so that everything is made anew: the language changed. */
export function forget(parent) {
  parent.keyed = undefined;
  parent.replaceChildren();
}
