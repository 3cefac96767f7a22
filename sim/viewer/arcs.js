// SPDX-License-Identifier: Apache-2.0
// Draws messages as arcs from lane to lane, and what clients did. Where more messages are in sight
// than an eye can follow, those nearest to the cursor are drawn.

const arcs_max = 200;

function kind_of_message(name) {
  if (/^(Beat|Heartbeat|Probe)/.test(name)) return "beat";
  if (/Vote|TimeoutNow/.test(name)) return "vote";
  if (/^Append/.test(name)) return "append";
  if (/Snapshot/.test(name)) return "snapshot";
  return "other";
}

/// Those in sight that are wanted, in the order of sending.
function messages_in_sight(view) {
  const {messages, arrivals_max} = view.model;
  const found = [];
  if (view.messages === "none") return found;
  for (let part = 0; part < arrivals_max.length; ++part) {
    if (arrivals_max[part] < view.from) continue;
    if (messages[part * block].sent > view.to) break;
    for (const message of messages.slice(part * block, (part + 1) * block)) {
      if (message.sent > view.to) break;
      const arrives = message.arrivals.length ? message.arrivals[message.arrivals.length - 1].t : message.sent;
      if (arrives < view.from || !view.is_shown(message.from) || !view.is_shown(message.to)) continue;
      if (view.messages !== "all" && kind_of_message(message.kind) === "beat") continue;
      if (view.messages === "nodes" && (message.from === 0 || message.to === 0)) continue;
      found.push(message);
    }
  }
  return found;
}

function draw_messages(pen, layout) {
  const found = messages_in_sight(pen.view);
  const middle = count_until(found, pen.view.time, (message) => message.sent);
  const first = Math.max(0, Math.min(found.length - arcs_max, middle - arcs_max / 2));
  const drawn = found.slice(first, first + arcs_max);
  const places = new Map();
  for (const lane of layout.lanes) {
    if (lane.is_shown) places.set(lane.id, lane.top + lane.height / 2);
  }
  const own = message_of(pen.view.event, pen.view.model);
  for (const message of drawn) if (message !== own) draw_message(pen, message, places, false);
  if (own) draw_message(pen, own, places, true);
  if (found.length > drawn.length) {
    pen.text(`${drawn.length} of ${found.length} messages, those nearest to the cursor; + shows less time`,
      4, pen.height - 4, "quiet");
  }
  return drawn.length;
}

function message_of(event, model) {
  return event && (event.message ?? model.sent(event)?.message);
}

function draw_message(pen, message, places, is_current) {
  const from = places.get(message.from);
  const to = places.get(message.to);
  if (from === undefined || to === undefined) return;
  const context = pen.context;
  context.strokeStyle = context.fillStyle = pen.colour(kind_of_message(message.kind));
  context.lineWidth = is_current ? 3 : 1;
  context.globalAlpha = is_current ? 1 : .7;
  const left = pen.x(message.sent);
  for (const arrival of message.arrivals) {
    const right = pen.x(arrival.t);
    const end = arrival.is_lost ? from + (to - from) * .6 : to;
    context.setLineDash(arrival.is_lost ? [4, 3] : []);
    context.beginPath();
    context.moveTo(left, from);
    context.quadraticCurveTo(left + (right - left) * .15 + 6, end, right, end);
    context.stroke();
    context.setLineDash([]);
    context.beginPath();
    if (arrival.is_lost) {
      context.moveTo(right - 3, end - 3);
      context.lineTo(right + 3, end + 3);
      context.moveTo(right + 3, end - 3);
      context.lineTo(right - 3, end + 3);
      context.stroke();
    } else {
      context.arc(right, end, is_current ? 4 : 2.5, 0, 7);
      context.fill();
    }
  }
  context.lineWidth = context.globalAlpha = 1;
}

function draw_operations(pen, lane) {
  const broken = pen.view.model.broken;
  if (broken) draw_broken(pen, lane, broken);
  const tops = new Map(lane.clients.map(({client, top}) => [client, top]));
  const edge = new Map();  // client to the last pixel drawn
  for (const operation of pen.view.model.operations) {
    if (operation.from > pen.view.to) break;
    const left = pen.x(operation.from);
    const right = operation.to === null ? pen.width : pen.x(operation.to);
    const is_special = broken !== null && operation.key === broken.key;
    if (right < 0 || (!is_special && right < (edge.get(operation.client) ?? -9) + 1)) continue;
    edge.set(operation.client, operation.to === null ? left : right);
    draw_operation(pen, operation, left, right, tops.get(operation.client), broken);
  }
}

function draw_operation(pen, operation, left, right, top, broken) {
  const height = client_height - 2;
  const is_broken = broken !== null && broken.culprits.has(operation);
  if (operation.to === null) {  // open to the right: no closing line
    pen.context.globalAlpha = .35;
    pen.hatch(left, right, top, height, "operation", 5);
    pen.context.globalAlpha = 1;
    pen.box(left, left + 2, top, height, "operation");
  } else {
    pen.box(left, right, top, height, "operation");
  }
  if (broken !== null && operation.key === broken.key) {
    pen.outline(left, right, top, height, is_broken ? "broken" : "ink");
    if (is_broken) pen.outline(left + 1, right - 1, top + 1, height - 2, "broken");
  }
  const value = operation.act === "read" ? operation.answer : operation.value;
  const room = Math.min(pen.width, right) - Math.max(0, left) - 4;
  pen.text(`${is_broken ? "! " : ""}${operation.act} ${operation.key} ${value}`, Math.max(0, left) + 3, top + 9, "ink", room);
}

function draw_broken(pen, lane, broken) {
  const left = pen.x(broken.from);
  const right = pen.x(broken.to);
  if (right < 0 || left > pen.width) return;
  pen.context.globalAlpha = .5;
  pen.hatch(left, right, lane.top, lane.height, "broken", 9);
  pen.context.globalAlpha = 1;
  pen.outline(left, right, lane.top - 2, lane.height + 4, "broken");
  pen.text("does not fit: " + broken.key, Math.max(0, left) + 4, lane.top + lane.height + 12, "broken");
}
