// SPDX-License-Identifier: Apache-2.0
// Keys, and buttons that press the same keys. Playing moves the cursor through what is in sight in
// some ten seconds, so that showing less time plays slower.

const crossing = 10_000;  // ms
const steps_long = 100;   // events
const notable = new Set(["fault", "up", "down", "exit", "wiped", "config", "end"]);

/// Key to {text, act}. `controls` has the view and knows how to redraw.
const keys = {
  " ": {name: "space", text: "play, pause", act: (controls) => controls.play(!controls.view.is_playing)},
  ArrowLeft: {name: "← →", text: "one event back, on; with shift a hundred",
    act: (controls, event) => controls.steps(-1, event.shiftKey)},
  ArrowRight: {act: (controls, event) => controls.steps(1, event.shiftKey)},
  Home: {name: "Home End", text: "to the beginning, to the end", act: ({view}) => view.go_to(0)},
  End: {act: ({view}) => view.go_to(view.model.events.length - 1)},
  n: {name: "n p", text: "next, previous fault, start, stop, change of role or members",
    act: (controls) => controls.step_notable(1)},
  p: {act: (controls) => controls.step_notable(-1)},
  v: {name: "v", text: "to the violation", act: ({view}) => view.jump()},
  t: {name: "t", text: "go to a time, in seconds", act: () => document.getElementById("time").select()},
  ArrowUp: {name: "↑ ↓", text: "the node whose state is shown; with shift the one that it is compared with",
    act: (controls, event) => controls.select(-1, event.shiftKey)},
  ArrowDown: {act: (controls, event) => controls.select(1, event.shiftKey)},
  d: {name: "d", text: "difference of two nodes, on and off",
    act: ({view}) => view.is_comparing = !view.is_comparing},
  "/": {name: "/", text: "which lanes: numbers, or clients; Enter shows them, Esc all",
    act: () => document.getElementById("filter").select()},
  "1": {name: "1 … 9", text: "lane of that node on and off; c: of the clients"},
  c: {act: ({view}) => toggle(view.hidden, 0)},
  g: {name: "g", text: "which group", act: (controls) => controls.next_option("group")},
  m: {name: "m", text: "which messages", act: (controls) => controls.next_option("messages")},
  "+": {name: "+ −", text: "show less time, more time", act: ({view}) => view.zoom(.5)},
  "=": {act: ({view}) => view.zoom(.5)},
  "-": {act: ({view}) => view.zoom(2)},
  "0": {name: "0", text: "the whole run in sight", act: ({view}) => view.look_at(view.model.first, view.model.last)},
  o: {name: "o", text: "open a trace: JSON lines of `harka sim trace` or of a live cluster",
    act: () => document.getElementById("file").click()},
  "?": {name: "?", text: "this help", act: () => document.getElementById("help").showModal()},
};

function toggle(set, member) {
  if (!set.delete(member)) set.add(member);
}

class Controls {
  constructor() {
    this.view = new View(new Model([]));
    document.addEventListener("keydown", (event) => this.on_key(event));
    for (const button of document.querySelectorAll("button[data-key]")) {
      button.addEventListener("click", () => this.press(button.dataset.key, {shiftKey: false}));
    }
    document.getElementById("heads").addEventListener("click", (event) => {
      const head = event.target.closest("button");
      if (head) this.change(() => toggle(this.view.hidden, Number(head.dataset.lane)));
    });
    this.listen("filter", "input", (input) => this.view.filter = input.value);
    this.listen("group", "change", (select) => this.view.group = select.value === "all" ? null : Number(select.value));
    this.listen("messages", "change", (select) => this.view.messages = select.value);
    document.getElementById("canvas").addEventListener("click", (event) => {
      const share = event.offsetX / event.target.clientWidth;
      this.change(() => this.view.go_to(this.view.model.index_at(this.view.from + share * (this.view.to - this.view.from))));
    });
    document.getElementById("events").addEventListener("click", (event) => {
      const item = event.target.closest("li");
      if (item) this.change(() => this.view.go_to(Number(item.dataset.index)));
    });
    window.addEventListener("resize", () => draw(this.view));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => draw(this.view));
    this.fill_help();
  }

  listen(id, what, act) {
    const input = document.getElementById(id);
    input.addEventListener(what, () => this.change(() => act(input)));
  }

  change(act) {
    act(this);
    draw(this.view);
  }

  /// A new trace: everything begins anew.
  show(model) {
    this.play(false);
    this.view = new View(model);
    document.getElementById("heads").replaceChildren();
    document.getElementById("filter").value = "";
    document.getElementById("messages").value = this.view.messages;
    const group = document.getElementById("group");
    group.replaceChildren(element("option", "all", {value: "all"}),
      ...model.groups.map((id) => element("option", String(id), {value: id})));
    group.value = this.view.group === null ? "all" : String(this.view.group);
    draw(this.view);
  }

  on_key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || document.getElementById("help").open) return;
    const target = event.target;
    if (target.tagName === "INPUT") {
      this.on_key_in_input(event, target);
      return;
    }
    if (target.tagName === "SELECT" && /^(Arrow|Home|End| )/.test(event.key)) return;
    if (target.tagName === "BUTTON" && event.key === " ") return;
    if (this.press(event.key, event)) event.preventDefault();
  }

  on_key_in_input(event, input) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Escape") input.value = "";
    this.change(({view}) => {
      if (input.id === "filter") view.filter = input.value;
      const time = Number(input.value.replace(",", "."));
      if (input.id === "time" && input.value !== "" && Number.isFinite(time)) {
        view.go_to(view.model.index_at(time * 1e9));
      }
    });
    document.getElementById("timeline").focus();
  }

  /// Whether the key does something.
  press(key, event) {
    if (/^[1-9]$/.test(key)) {
      const node = this.view.model.nodes[Number(key) - 1];
      if (node !== undefined) this.change(({view}) => toggle(view.hidden, node));
      return true;
    }
    const found = Object.hasOwn(keys, key) ? keys[key] : null;
    if (!found?.act) return false;
    if (key !== " ") this.play(false);
    this.change((controls) => found.act(controls, event));
    return true;
  }

  steps(direction, is_long) {
    for (let left = is_long ? steps_long : 1; left > 0 && this.view.step(direction); --left);
  }

  step_notable(direction) {
    this.view.step(direction, (event) => notable.has(event.e) || (event.e === "state" && this.changes_role(event)));
  }

  changes_role(event) {
    const row = this.view.model.rows.get(event.n + "/" + event.g);
    const at = count_until(row, event.t, (state) => state.t) - 1;
    return at < 1 || !is_same(row[at], row[at - 1]);
  }

  /// The next node, for the state or for the difference.
  select(direction, is_other) {
    const {view} = this;
    const nodes = view.model.nodes;
    if (nodes.length === 0) return;
    const name = is_other ? "other" : "selected";
    view[name] = nodes[(nodes.indexOf(view[name]) + direction + nodes.length) % nodes.length];
  }

  next_option(id) {
    const select = document.getElementById(id);
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    select.dispatchEvent(new Event("change"));
  }

  play(is_playing) {
    this.view.is_playing = is_playing;
    const button = document.getElementById("play");
    button.setAttribute("aria-pressed", is_playing);
    button.textContent = is_playing ? "❚❚ pause" : "▶ play";
    document.getElementById("moment").setAttribute("aria-live", is_playing ? "off" : "polite");
    if (is_playing) this.frame(performance.now());
  }

  frame(before) {
    requestAnimationFrame((now) => {
      const {view} = this;
      if (!view.is_playing) return;
      const time = view.time + (view.to - view.from) * Math.max(0, now - before) / crossing;
      view.go_to(view.model.index_at(time));
      view.time = Math.min(time, view.model.last);
      if (time >= view.model.last) this.play(false);
      draw(view);
      this.frame(now);
    });
  }

  fill_help() {
    const rows = Object.values(keys).filter((key) => key.name).map((key) => {
      const row = element("tr", "");
      const cell = element("th", "");
      cell.append(element("kbd", key.name));
      row.append(cell, element("td", key.text));
      return row;
    });
    document.getElementById("help_keys").replaceChildren(...rows);
  }
}
