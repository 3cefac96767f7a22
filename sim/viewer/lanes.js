// SPDX-License-Identifier: Apache-2.0
// Draws the time axis, the nodes' roles, terms and logs, and the faults. Only what is in sight, and
// nothing narrower than a pixel twice.

class Pen {
  constructor(canvas, view) {
    const style = getComputedStyle(document.documentElement);
    this.context = canvas.getContext("2d");
    this.view = view;
    this.width = canvas.clientWidth;
    this.height = canvas.clientHeight;
    this.colours = new Map();
    this.colour = (name) => {
      if (!this.colours.has(name)) this.colours.set(name, style.getPropertyValue("--" + name).trim());
      return this.colours.get(name);
    };
  }

  x(time) {
    return (time - this.view.from) / (this.view.to - this.view.from) * this.width;
  }

  box(from, to, top, height, colour) {
    this.context.fillStyle = this.colour(colour);
    const left = Math.max(-1, from);
    this.context.fillRect(left, top, Math.max(1, Math.min(this.width + 1, to) - left), height);
  }

  outline(from, to, top, height, colour) {
    this.context.strokeStyle = this.colour(colour);
    const left = Math.max(-2, from);
    this.context.strokeRect(left + .5, top + .5, Math.max(1, Math.min(this.width + 2, to) - left - 1), height - 1);
  }

  text(text, x, y, colour, room = Infinity) {
    if (room < 8) return;
    this.context.font = "11px system-ui, sans-serif";
    this.context.fillStyle = this.colour(colour);
    let shown = text;
    const fits = Math.floor(room / 6);
    if (shown.length > fits) shown = fits < 2 ? shown.slice(0, 1) : shown.slice(0, fits - 1) + "…";
    this.context.fillText(shown, x, y);
  }

  /// Slanting lines: told apart without colours.
  hatch(from, to, top, height, colour, gap = 7) {
    const context = this.context;
    const left = Math.max(0, from);
    const right = Math.min(this.width, Math.max(to, from + 2));
    if (right <= left) return;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, height);
    context.clip();
    context.strokeStyle = this.colour(colour);
    context.beginPath();
    for (let x = left - height - (left % gap); x < right; x += gap) {
      context.moveTo(x, top + height);
      context.lineTo(x + height, top);
    }
    context.stroke();
    context.restore();
  }
}

function draw_axis(pen) {
  const span = pen.view.to - pen.view.from;
  const wanted = span / Math.max(2, pen.width / 110);
  let step = 10 ** Math.floor(Math.log10(wanted));
  for (const factor of [1, 2, 5, 10]) {
    if (step * factor < wanted) continue;
    step *= factor;
    break;
  }
  const digits = Math.max(0, Math.min(9, 9 - Math.floor(Math.log10(step) + 1e-9)));
  for (let time = Math.ceil(pen.view.from / step) * step; time <= pen.view.to; time += step) {
    pen.box(pen.x(time), pen.x(time), 0, pen.height, "line");
    pen.text((time / 1e9).toFixed(digits) + " s", pen.x(time) + 3, 14, "quiet");
  }
}

const letters = {leader: "L", candidate: "C", "pre-candidate": "P", follower: "F"};

function draw_node(pen, lane) {
  for (const {group, top} of lane.groups) {
    draw_row(pen, pen.view.model.rows.get(lane.id + "/" + group) ?? [], top, log_range(pen.view, group));
  }
  for (const mark of pen.view.model.marks) {
    const x = pen.x(mark.t);
    if (mark.node === lane.id && x >= 0 && x <= pen.width) pen.text(mark.sign, x - 3, lane.top + 12, "ink");
  }
}

/// From the least committed to the longest log in sight: what a bar of no height and a whole one are.
function log_range(view, group) {
  let low = Infinity;
  let high = 1;
  for (const node of view.model.nodes) {
    const row = view.model.rows.get(node + "/" + group);
    if (!row || !view.is_shown(node)) continue;
    const first = row[Math.max(0, count_until(row, view.from, (state) => state.t) - 1)];
    const last = row[Math.max(0, count_until(row, view.to, (state) => state.t) - 1)];
    if (first.commit > 0) low = Math.min(low, first.commit);
    if (last.last > 0) high = Math.max(high, last.last);
  }
  return {low: low === Infinity ? 0 : Math.min(low, high) - 1, high};
}

function draw_row(pen, row, top, range) {
  let at = Math.max(0, count_until(row, pen.view.from, (state) => state.t) - 1);
  for (let next; at < row.length && row[at].t <= pen.view.to; at = next) {
    const left = pen.x(row[at].t);
    next = at + 1;
    while (next < row.length && is_same(row[next], row[at])) ++next;  // one term of one role
    const right = next < row.length ? pen.x(row[next].t) : pen.width;
    draw_role(pen, row[at], left, right, top);
    draw_log(pen, row, at, next, top + 15, range);
    // What would fall on the same pixel is not drawn again.
    while (next < row.length - 1 && pen.x(row[next + 1].t) < right + .5) ++next;
  }
}

function is_same(a, b) {
  return a.role === b.role && a.term === b.term;
}

function draw_role(pen, state, left, right, top) {
  const begin = Math.max(0, left);
  const room = Math.min(pen.width, right) - begin - 4;
  if (state.role === null) {
    pen.hatch(left, right, top, 14, "down", 4);
    pen.outline(left, right, top, 14, "down");
    return;
  }
  const colour = Object.hasOwn(letters, state.role) ? state.role : "follower";
  pen.box(left, right, top, 14, colour);
  if (state.role === "leader") pen.box(left, right, top - 3, 3, "leader");  // stands out by its height
  const name = letters[colour] ?? "?";
  pen.text(room > 70 ? `${state.role} ${state.term}` : `${name}${state.term}`, begin + 2, top + 11, colour + "-ink", room);
}

function draw_log(pen, row, from, to, top, range) {
  const height = 9;
  const share = (index) => height * Math.max(0, Math.min(1, (index - range.low) / (range.high - range.low)));
  let drawn = -1;
  for (let at = Math.max(from, count_until(row, pen.view.from, (state) => state.t) - 1); at < to; ++at) {
    const state = row[at];
    if (state.role === null || state.t > pen.view.to) return;
    const right = at + 1 < row.length ? pen.x(row[at + 1].t) : pen.width;
    if (right < drawn + 1 && at + 1 < to) continue;
    const left = Math.max(drawn, pen.x(state.t));
    drawn = right;
    const last = Math.max(1, share(state.last));
    const commit = share(state.commit);
    pen.box(left, right, top + height - last, last, "log");
    if (commit > 0) pen.box(left, right, top + height - commit, Math.max(1, commit), "committed");
  }
}

function draw_faults(pen, layout) {
  const lanes = new Map(layout.lanes.filter((lane) => lane.is_shown).map((lane) => [lane.id, lane]));
  for (const fault of pen.view.model.faults) {
    const left = pen.x(fault.from);
    const right = Math.max(pen.x(fault.until), left + 2);
    if (right < 0 || left > pen.width) continue;
    if (fault.node === 0 && layout.whole !== null) draw_fault(pen, fault, left, right, layout.whole, fault_height);
    for (const id of [fault.node, ...fault.others]) {
      const lane = lanes.get(id);
      if (!lane || id === 0) continue;
      if (id === fault.node) draw_fault(pen, fault, left, right, lane.top, lane.height);
      else pen.box(left, right, lane.top + lane.height - 3, 3, "fault");
    }
  }
}

function draw_fault(pen, fault, left, right, top, height) {
  pen.context.globalAlpha = .45;
  pen.hatch(left, right, top, height, "fault");
  pen.context.globalAlpha = 1;
  pen.outline(left, right, top, height, "fault");
  pen.text(fault.kind, Math.max(0, left) + 3, top + 11, "fault", Math.min(pen.width, right) - Math.max(0, left) - 4);
}
