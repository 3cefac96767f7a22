// SPDX-License-Identifier: Apache-2.0
// The right side: the event under the cursor and those around it, what a node was then, and in what
// two nodes differed. Text only, never markup.

const events_around = 8;

function put(id, text) {
  document.getElementById(id).textContent = text;
}

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function show_moment(view) {
  const model = view.model;
  const event = view.event;
  document.body.dataset.index = view.index;
  put("moment", event ? `event ${view.index + 1} of ${model.events.length}, ${seconds(event.t)}` : "");
  const list = document.getElementById("events");
  const first = Math.max(0, Math.min(model.events.length - 2 * events_around - 1, view.index - events_around));
  const items = [];
  for (let at = first; at < Math.min(model.events.length, first + 2 * events_around + 1); ++at) {
    const one = model.events[at];
    const item = element("li", `${(one.t / 1e9).toFixed(4)} ${sentence_of(one, model.sent(one))}`, {"data-index": at});
    if (at === view.index) item.setAttribute("aria-current", "true");
    items.push(item);
  }
  list.replaceChildren(...items);
  const state = model.state_at(view.index);
  show_state(view, state);
  show_difference(view, state);
}

const fields = ["role", "term", "last", "commit", "applied", "tainted", "voters", "outgoing", "learners"];

function shown_value(value) {
  if (value === undefined) return "–";
  if (Array.isArray(value)) return value.length ? value.join(", ") : "none";
  return String(value);
}

function table_row(kind, texts, attributes = {}) {
  const row = element("tr", "", attributes);
  texts.forEach((text, at) => row.append(element(kind === "head" || at === 0 ? "th" : "td", text)));
  return row;
}

/// One column a group: the fields stay where they are while stepping.
function show_state(view, state) {
  const node = state.get(view.selected);
  put("state_title", view.selected ? `Node ${view.selected} then` : "");
  put("state_node", !node ? "not seen yet" : node.up ? `up, epoch ${node.epoch}` : "down");
  const groups = node ? [...node.groups.keys()].sort((a, b) => a - b).slice(0, 12) : [];
  const rows = groups.length ? [table_row("head", ["group", ...groups])] : [];
  for (const field of groups.length ? fields : []) {
    const values = groups.map((group) => shown_value(node.groups.get(group)[field]));
    rows.push(table_row("", [field, ...values], {"data-field": field}));
  }
  document.querySelector("#state tbody").replaceChildren(...rows);
}

/// [{place, a, b}]: where two nodes say different things.
function differences(a, b) {
  const found = [];
  const compare = (place, one, two) => {
    if (shown_value(one) !== shown_value(two)) found.push({place, a: shown_value(one), b: shown_value(two)});
  };
  compare("up", a?.up, b?.up);
  compare("epoch", a?.epoch, b?.epoch);
  const groups = new Set([...(a?.groups.keys() ?? []), ...(b?.groups.keys() ?? [])]);
  for (const group of [...groups].sort((one, two) => one - two)) {
    for (const field of fields) {
      compare(`group ${group} ${field}`, a?.groups.get(group)?.[field], b?.groups.get(group)?.[field]);
    }
  }
  return found;
}

function show_difference(view, state) {
  document.getElementById("difference").hidden = !view.is_comparing;
  document.getElementById("compare").setAttribute("aria-pressed", view.is_comparing);
  if (!view.is_comparing) return;
  const found = differences(state.get(view.selected), state.get(view.other));
  put("difference_title", `Node ${view.selected} and node ${view.other}: ${found.length || "no"} differences`);
  const rows = found.map((one) => table_row("", [one.place, one.a, one.b], {"data-field": one.place}));
  rows.unshift(table_row("head", ["", "node " + view.selected, "node " + view.other]));
  document.querySelector("#differing tbody").replaceChildren(...rows);
}
