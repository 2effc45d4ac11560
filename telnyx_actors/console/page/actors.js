// The live tree of actors.

import { h, keyed, say, set } from "./dom.js";
import { shortPath } from "./format.js";
import { treeRows } from "./store.js";
import { t } from "./words.js";

const COLUMNS = ["actor", "class", "state", "mailbox", "most", "restarts", "lost"];

export function actorTable(changed) {
  const body = h("tbody", {});
  const node = h("div", { class: "table-wrap" },
    h("table", { class: "actors" },
      h("caption", { class: "unseen" }, t("actors")),
      h("thead", {}, h("tr", {}, COLUMNS.map((key) => h("th", { scope: "col", class: key }, t(key))))), body));
  node.body = body;
  node.open = new Set();
  node.toggle = (path) => {
    if (!node.open.delete(path)) node.open.add(path);
    changed();
  };
  return node;
}

/** `names`: of calls, by our own id for them. */
export function showActors(node, tree, names) {
  const rows = treeRows(tree, node.open);
  keyed(node.body, rows, (row) => row.path, (row) => makeRow(row, node), () => {});
  for (const row of rows) showRow(node.body.keyed.get(row.path).node, row, node, names);
}

function makeRow(row, node) {
  const name = h("th", { scope: "row", class: "actor" });
  name.style.paddingInlineStart = `${0.75 + row.depth * 1.25}rem`;
  const label = row.depth === 1
    ? h("button", { type: "button", class: "open", click: () => node.toggle(row.path) })
    : h("span", {});
  name.append(label);
  return h("tr", {}, name, COLUMNS.slice(1).map((key) => h("td", { class: key })));
}

function showRow(line, row, node, names) {
  const [kind, state, message, waiting, oldest, most, restarts, lost] = row.actor;
  const [name, ...cells] = line.children;
  const id = row.path.slice(row.path.lastIndexOf("/") + 1);
  const label = name.firstChild;
  say(label, names[id] ? `${shortPath(row.path)} ${names[id]}` : shortPath(row.path));
  const isOpen = node.open.has(row.path);
  if (row.depth === 1) set(label, { "aria-expanded": row.below ? String(isOpen) : null, disabled: row.below === 0 });
  const shown = !isOpen && row.depth === 1 && row.worst === "stuck" ? "stuck" : state;
  set(line, { "data-state": shown });
  const texts = [
    kind,
    t(shown === "stuck" ? "stuckState" : shown) + (message ? ` ${message}` : ""),
    waiting ? `${waiting}${oldest >= 0.1 ? ` (${oldest} s)` : ""}` : "0",
    String(most), String(restarts), String(lost),
  ];
  cells.forEach((cell, index) => {
    say(cell, texts[index]);
    set(cell, { "data-zero": texts[index] === "0" });
  });
}
