// SPDX-License-Identifier: Apache-2.0
// The lanes' names at the left, which are buttons, and the whole picture put together.

function show_heads(view, layout) {
  const box = document.getElementById("heads");
  const state = view.model.state_at(view.index);
  const heads = new Map([...box.children].map((head) => [head.dataset.lane, head]));
  for (const head of box.children) head.hidden = true;
  for (const lane of layout.lanes) {
    let head = heads.get(String(lane.id));
    if (!head) {
      head = element("button", "", {"data-lane": lane.id});
      box.append(head);
    }
    head.hidden = false;
    head.style.top = lane.top + "px";
    head.style.height = lane.height + "px";
    head.setAttribute("aria-pressed", lane.is_shown);
    head.classList.toggle("selected", lane.id === view.selected);
    head.textContent = head_text(view, lane, state.get(lane.id));
  }
}

function head_text(view, lane, node) {
  if (lane.id === 0) return "clients";
  const lines = [`node ${lane.id}${node && !node.up ? "  × down" : ""}`];
  for (const {group} of lane.groups) {
    const replica = node?.groups.get(group);
    const said = replica?.role ? `${letters[replica.role] ?? "?"}${replica.term} ${replica.commit}/${replica.last}` : "–";
    lines.push(`g${group} ${said}`);
  }
  return lines.join("\n");
}

/// Everything that one sees, after anything changed.
function draw(view) {
  const layout = view.layout();
  const canvas = document.getElementById("canvas");
  const width = Math.max(200, document.getElementById("timeline").clientWidth - 122);
  const scale = Math.min(window.devicePixelRatio || 1, 8192 / Math.max(width, layout.height));
  canvas.style.width = width + "px";
  canvas.style.height = layout.height + "px";
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(layout.height * scale);
  const pen = new Pen(canvas, view);
  pen.context.scale(scale, scale);
  draw_axis(pen);
  draw_faults(pen, layout);
  for (const lane of layout.lanes) {
    if (!lane.is_shown) continue;
    if (lane.id === 0) draw_operations(pen, lane);
    else draw_node(pen, lane);
  }
  document.body.dataset.arcs = draw_messages(pen, layout);
  draw_moments(pen);
  show_heads(view, layout);
  show_moment(view);
}

function draw_moments(pen) {
  const model = pen.view.model;
  if (model.property !== "") {
    const x = pen.x(model.events[model.end_index].t);
    pen.box(x - 1, x + 1, 0, pen.height, "broken");
    pen.text("violated", x > pen.width - 60 ? x - 50 : x + 4, 14, "broken");
  }
  const x = pen.x(pen.view.time);
  pen.box(x, x + 1, 0, pen.height, "cursor");
  pen.context.beginPath();
  pen.context.moveTo(x - 5, 0);
  pen.context.lineTo(x + 6, 0);
  pen.context.lineTo(x + .5, 8);
  pen.context.fill();
}
