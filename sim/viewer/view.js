// SPDX-License-Identifier: Apache-2.0
// What is looked at: the event under the cursor, the stretch of time in sight, the lanes shown. And
// where each lane lies.

const axis_height = 22;
const fault_height = 16;
const group_height = 30;
const lane_gap = 18;
const client_height = 13;
const collapsed_height = 22;

class View {
  constructor(model) {
    this.model = model;
    this.index = 0;
    this.from = model.first;
    this.to = model.last;
    this.hidden = new Set();   // lanes switched off: nodes, and 0 for the clients
    this.filter = "";
    this.group = model.groups.length <= 3 ? null : model.groups[0];  // null: all
    this.messages = "nodes";
    this.selected = model.nodes[0] ?? 0;
    this.other = model.nodes[1] ?? this.selected;
    this.is_comparing = false;
    this.is_playing = false;
    this.time = model.first;
  }

  get event() {
    return this.model.events[this.index];
  }

  groups() {
    return this.group === null ? this.model.groups : [this.group];
  }

  all_lanes() {
    return this.model.operations.length ? [...this.model.nodes, 0] : this.model.nodes;
  }

  is_filtered(id) {
    const words = this.filter.toLowerCase().split(/[\s,]+/).filter((word) => word !== "" && word !== "node");
    return words.length > 0 && !words.some((word) => id === 0 ? "clients".startsWith(word) : word === String(id));
  }

  is_shown(id) {
    return !this.hidden.has(id) && !this.is_filtered(id);
  }

  is_event_shown(event) {
    const nodes = nodes_of(event, this.model);
    return nodes.length === 0 || nodes.some((id) => this.is_shown(id));
  }

  go_to(index) {
    this.index = Math.max(0, Math.min(this.model.events.length - 1, index));
    this.time = this.event ? this.event.t : 0;
    const span = this.to - this.from;
    if (this.time < this.from || this.time > this.to) this.look_at(this.time - span / 2, this.time + span / 2);
  }

  /// The next event, or the one before, that concerns a lane shown; `accepts` asks for more.
  step(direction, accepts = () => true) {
    const events = this.model.events;
    for (let at = this.index + direction; at >= 0 && at < events.length; at += direction) {
      if (!this.is_event_shown(events[at]) || !accepts(events[at])) continue;
      this.go_to(at);
      return true;
    }
    return false;
  }

  look_at(from, to) {
    const whole = this.model.last - this.model.first;
    const span = Math.min(whole, Math.max(1000, to - from));
    this.from = Math.max(this.model.first, Math.min(this.model.last - span, from));
    this.to = this.from + span;
  }

  zoom(factor) {
    const span = (this.to - this.from) * factor;
    const share = (this.time - this.from) / (this.to - this.from);
    this.look_at(this.time - span * share, this.time + span * (1 - share));
  }

  /// Where the run broke: the operations that do not fit, or the moment alone.
  jump() {
    const broken = this.model.broken;
    if (this.model.end_index < 0) return;
    this.go_to(this.model.end_index);
    const from = broken ? broken.from : this.time - Math.min(5e8, this.model.last - this.model.first);
    const margin = Math.max(1e6, (this.time - from) * 0.1);
    this.look_at(from - margin, this.time + margin);
  }

  /// [{id, top, height, is_shown, groups: [{group, top}], clients: [{client, top}]}], and the height.
  layout() {
    let top = axis_height;
    const has_whole = this.model.faults.some((fault) => fault.node === 0);
    const whole = has_whole ? top : null;  // faults of no node in particular
    if (has_whole) top += fault_height;
    const lanes = [];
    for (const id of this.all_lanes()) {
      if (this.is_filtered(id)) continue;
      const lane = {id, top, is_shown: this.is_shown(id), groups: [], clients: []};
      if (!lane.is_shown) {
        top += collapsed_height;
      } else if (id === 0) {
        top += 4;
        for (const client of this.model.clients) {
          lane.clients.push({client, top});
          top += client_height;
        }
        top = Math.max(top, lane.top + 2 * collapsed_height);
      } else {
        top += fault_height;
        for (const group of this.groups()) {
          lane.groups.push({group, top});
          top += group_height;
        }
        top = Math.max(top, lane.top + 2 * collapsed_height);
      }
      lane.height = top - lane.top;
      top += lane.is_shown ? lane_gap : 2;
      lanes.push(lane);
    }
    return {lanes, whole, height: top + 18};
  }
}
