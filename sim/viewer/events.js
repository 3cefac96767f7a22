// SPDX-License-Identifier: Apache-2.0
// Lines of a trace (sim/trace.hpp says what they are) to events, and events to sentences. Whatever a
// trace says is data: it reaches the page as text only.

/// `problems` names the lines that are no events; the others are there, in the order of time.
function parse_trace(text) {
  const problems = [];
  let events = [];
  try {
    events = JSON.parse("[" + text.trim().replace(/\s*\n\s*/g, ",") + "]");
  } catch {
    text.split("\n").forEach((line, at) => {
      if (line.trim() === "") return;
      try {
        events.push(JSON.parse(line));
      } catch {
        problems.push(at + 1);
      }
    });
  }
  const good = events.filter((event) => event !== null && typeof event === "object" &&
    Number.isFinite(event.t) && typeof event.e === "string");
  if (good.length !== events.length) problems.push("those without a time or a kind");
  if (good.some((event, at) => at > 0 && event.t < good[at - 1].t)) good.sort((a, b) => a.t - b.t);
  return {events: good, problems};
}

function seconds(time) {
  return (time / 1e9).toFixed(6) + " s";
}

function name_of_node(id) {
  return id === 0 ? "clients" : "node " + id;
}

/// What a client got, without the protocol around it.
function answer_of(event) {
  const text = String(event.value ?? "");
  const bulk = /^\$\d+\r\n([\s\S]*)\r\n$/.exec(text);
  if (bulk) return bulk[1];
  if (/^(\$-1|_|\*-1)\r\n$/.test(text)) return "(absent)";
  return text.replace(/^[+:]/, "").replace(/\r\n$/, "");
}

function state_text(state) {
  return `${state.role} of term ${state.term}, log to ${state.last}, committed ${state.commit}, ` +
    `applied ${state.applied}${state.tainted ? ", tainted" : ""}`;
}

const sentences = {
  begin: (event) => `the run begins: ${event.profile}, seed ${event.seed}, ${event.nodes} nodes`,
  up: (event) => `${name_of_node(event.n)} starts, epoch ${event.epoch}`,
  down: (event) => `${name_of_node(event.n)} stops`,
  state: (event) => `${name_of_node(event.n)}, group ${event.g}: ${state_text(event.s ?? {})}`,
  config: (event) => `${name_of_node(event.n)}, group ${event.g}: voters ${event.c?.voters}` +
    (event.c?.outgoing?.length ? `, outgoing ${event.c.outgoing}` : "") +
    (event.c?.learners?.length ? `, learners ${event.c.learners}` : ""),
  send: (event) => `${name_of_node(event.from)} sends ${event.m} to ${name_of_node(event.to)}: ${event.x}`,
  recv: (event, sent) => sent ? `${name_of_node(sent.to)} gets ${sent.m} from ${name_of_node(sent.from)}: ${sent.x}`
    : `message ${event.id} arrives`,
  lost: (event, sent) => sent ? `lost: ${sent.m} from ${name_of_node(sent.from)} to ${name_of_node(sent.to)}: ${sent.x}`
    : `message ${event.id} is lost`,
  fault: (event) => `fault${event.n ? " at " + name_of_node(event.n) : ""}: ${event.text}`,
  invoke: (event) => `client ${event.c}, operation ${event.op}: ${event.act} ${event.key} ${event.value ?? ""}`,
  answer: (event) => `client ${event.c}, operation ${event.op}: ` +
    (event.known === false ? "outcome not known" : "answered " + answer_of(event)),
  exit: (event) => `${event.actor} of ${name_of_node(event.n)} ends`,
  wiped: (event) => `${name_of_node(event.n)} loses its disk`,
  end: (event) => event.property ? "VIOLATED: " + event.property : "the run ends; nothing broke",
};

/// `sent` is the event that sent the message which a line of kind recv or lost is about.
function sentence_of(event, sent) {
  const sentence = Object.hasOwn(sentences, event.e) ? sentences[event.e] : null;
  return sentence ? sentence(event, sent) : JSON.stringify(event);
}
