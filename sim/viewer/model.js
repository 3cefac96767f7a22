// SPDX-License-Identifier: Apache-2.0
// What a trace says, arranged for drawing and for asking: rows of states, messages with their
// arrivals, faults, operations; and the state of every node after any event, by replay from the
// nearest checkpoint.

const checkpoint_each = 1000;  // events

class Model {
  constructor(events) {
    this.events = events;
    this.begin = events.find((event) => event.e === "begin") ?? {};
    this.end_index = events.findLastIndex((event) => event.e === "end");
    this.property = this.end_index < 0 ? "" : String(events[this.end_index].property ?? "");
    this.first = events.length ? events[0].t : 0;
    this.last = Math.max(this.first + 1, events.length ? events[events.length - 1].t : 0);
    this.rows = new Map();  // "node/group" to [{t, role, …}], role null while down
    this.messages = [];
    this.faults = [];
    this.marks = [];  // what happens to a node in a moment
    this.operations = [];
    this.checkpoints = [];
    this.sent_by_id = new Map();
    this.open_operations = new Map();
    const nodes = new Set();
    const groups = new Set();
    for (let id = 1; id <= Math.min(Number(this.begin.nodes) || 0, 1000); ++id) nodes.add(id);
    const state = new Map();
    events.forEach((event, index) => {
      for (const id of nodes_of(event, this)) if (id > 0) nodes.add(id);
      if (Number.isInteger(event.g)) groups.add(event.g);
      this.arrange(event, index);
      apply_event(state, event);
      if (index % checkpoint_each === 0) this.checkpoints.push(copy_of(state));
    });
    this.nodes = [...nodes].sort((a, b) => a - b);
    this.groups = [...groups].sort((a, b) => a - b);
    this.clients = [...new Set(this.operations.map((operation) => operation.client))].sort((a, b) => a - b);
    this.arrivals_max = blocks_of(this.messages);
    this.broken = broken_window(this);
  }

  arrange(event, index) {
    const maker = Object.hasOwn(arrangements, event.e) ? arrangements[event.e] : null;
    if (maker) maker(this, event, index);
  }

  row(node, group) {
    const name = node + "/" + group;
    if (!this.rows.has(name)) this.rows.set(name, []);
    return this.rows.get(name);
  }

  /// Node to {up, epoch, groups: group to what it said last}, after the event of this index.
  state_at(index) {
    if (this.events.length === 0) return new Map();
    const place = Math.floor(index / checkpoint_each);
    let from = place * checkpoint_each;
    let state;
    if (this.replayed && this.replayed.index <= index && this.replayed.index >= from) {
      ({state, index: from} = this.replayed);
    } else {
      state = copy_of(this.checkpoints[place]);
    }
    for (let at = from + 1; at <= index; ++at) apply_event(state, this.events[at]);
    this.replayed = {state, index};
    return state;
  }

  /// The last event at or before a time.
  index_at(time) {
    return Math.max(0, count_until(this.events, time, (event) => event.t) - 1);
  }

  sent(event) {
    return this.sent_by_id.get(event.id);
  }
}

const arrangements = {
  send(model, event, index) {
    model.sent_by_id.set(event.id, event);
    const message = {from: event.from, to: event.to, sent: event.t, kind: String(event.m), arrivals: [], index};
    event.message = message;
    model.messages.push(message);
  },
  recv(model, event) {
    model.sent(event)?.message.arrivals.push({t: event.t, is_lost: false});
  },
  lost(model, event) {
    model.sent(event)?.message.arrivals.push({t: event.t, is_lost: true});
  },
  state(model, event) {
    model.row(event.n, event.g).push({...event.s, t: event.t});
  },
  down(model, event) {
    for (const [name, row] of model.rows) {
      if (name.startsWith(event.n + "/")) row.push({t: event.t, role: null});
    }
    model.marks.push({t: event.t, node: event.n, sign: "×"});
  },
  up(model, event) {
    model.marks.push({t: event.t, node: event.n, sign: "↑"});
  },
  exit(model, event) {
    model.marks.push({t: event.t, node: event.n, sign: "⚡"});
  },
  wiped(model, event) {
    model.marks.push({t: event.t, node: event.n, sign: "∅"});
  },
  fault(model, event, index) {
    const others = Array.isArray(event.others) ? event.others : [];
    model.faults.push({from: event.t, until: Math.max(event.t, Number(event.until) || 0), node: event.n || 0,
      others, kind: String(event.kind), index});
  },
  invoke(model, event, index) {
    const operation = {client: event.c, number: event.op, act: event.act, key: String(event.key),
      value: String(event.value ?? ""), from: event.t, to: null, is_known: false, answer: "", index};
    model.operations.push(operation);
    model.open_operations.set(event.c + "." + event.op, operation);
  },
  answer(model, event) {
    const operation = model.open_operations.get(event.c + "." + event.op);
    if (!operation) return;
    operation.is_known = event.known !== false;
    if (operation.is_known) operation.to = event.t;  // else it may take effect at any later time
    operation.answer = answer_of(event);
  },
};

/// Nodes that an event is about; 0 are the clients. None: all of them.
function nodes_of(event, model) {
  if (event.e === "send") return [event.from, event.to];
  if (event.e === "recv" || event.e === "lost") {
    const sent = model.sent(event);
    return sent ? [sent.from, sent.to] : [];
  }
  if (event.e === "invoke" || event.e === "answer") return [0];
  if (event.e === "fault") return event.n ? [event.n, ...(event.others ?? [])] : [];
  return Number.isInteger(event.n) ? [event.n] : [];
}

function apply_event(state, event) {
  if (!["up", "down", "state", "config", "wiped"].includes(event.e)) return;
  let node = state.get(event.n);
  if (!node) state.set(event.n, node = {up: event.e !== "down", epoch: 0, groups: new Map()});
  if (event.e === "up") {
    node.up = true;
    node.epoch = event.epoch;
  } else if (event.e === "down") {
    node.up = false;
    node.groups.clear();
  } else if (event.e === "state") {
    node.groups.set(event.g, {...node.groups.get(event.g), ...event.s});
  } else if (event.e === "config") {
    node.groups.set(event.g, {...node.groups.get(event.g), ...event.c});
  }
}

function copy_of(state) {
  return new Map([...state].map(([id, node]) => [id, {...node, groups: new Map(node.groups)}]));
}

/// How many of `items`, sorted by `time_of`, are not later than `time`.
function count_until(items, time, time_of) {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time_of(items[middle]) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

const block = 256;  // messages

/// The last arrival of each block of messages: what is not in sight is left out block by block.
function blocks_of(messages) {
  const latest = [];
  messages.forEach((message, at) => {
    const arrives = message.arrivals.length ? message.arrivals[message.arrivals.length - 1].t : message.sent;
    if (at % block === 0) latest.push(arrives);
    else latest[latest.length - 1] = Math.max(latest[latest.length - 1], arrives);
  });
  return latest;
}
