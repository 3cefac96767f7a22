// SPDX-License-Identifier: Apache-2.0
// Which operations a broken property is about, and from when to when: its sentence names a key, and
// perhaps the operations that do not fit. What it does not name is not guessed.

/// null, or {key, from, to, culprits: set of operations}.
function broken_window(model) {
  const property = model.property;
  const end = model.end_index < 0 ? model.last : model.events[model.end_index].t;
  const key = key_in(property, model.operations);
  if (key === null) return null;
  const operations = model.operations.filter((operation) => operation.key === key);
  const culprits = new Set([...not_placeable(property, operations), ...named(property, operations)]);
  const shown = culprits.size ? [...culprits] : operations.slice(-6);
  const from = Math.min(...shown.map((operation) => operation.from));
  const is_stale_read = property.startsWith("a stale read of ");
  const to = is_stale_read ? end : Math.max(...shown.map((operation) => operation.to ?? end));
  return {key, from, to: Math.max(to, from + 1), culprits};
}

/// The longest key of an operation that stands in the sentence as a word.
function key_in(property, operations) {
  const words = new Set(property.split(/[\s,:;]+/));
  let found = null;
  for (const operation of operations) {
    if (words.has(operation.key) && (found === null || operation.key.length > found.length)) found = operation.key;
  }
  return found;
}

/// "… not placeable next: write 3.7 [12, 40] read (absent) [15, ?]". Clients have clocks of their own,
/// so a read is the one with this value that begins nearest to the time that is said.
function not_placeable(property, operations) {
  const found = [];
  const list = property.split("not placeable next:")[1] ?? "";
  for (const [, act, value, start] of list.matchAll(/(write|read) (\S+) \[(\d+), (?:\d+|\?)\]/g)) {
    const fitting = operations.filter((operation) => operation.act === act &&
      (act === "write" ? operation.value : operation.answer) === value);
    fitting.sort((a, b) => Math.abs(a.from - Number(start)) - Math.abs(b.from - Number(start)));
    if (fitting.length) found.push(fitting[0]);
  }
  return found;
}

/// "the append of 3.17, to l0.1 …", "… gives '2.4', not '3.1'": values name who wrote them.
function named(property, operations) {
  const values = new Set();
  for (const [, value] of property.matchAll(/append of (\S+) to /g)) values.add(value);
  for (const [, value] of property.matchAll(/'([^']*)'/g)) values.add(value);
  return operations.filter((operation) => operation.act !== "read" && values.has(operation.value));
}

function broken_text({broken}) {
  if (broken === null) return "";
  const culprits = [...broken.culprits].sort((a, b) => a.index - b.index).map((operation) =>
    `client ${operation.client} ${operation.act} ${operation.act === "read" ? operation.answer : operation.value}`);
  return `Key ${broken.key}, ${seconds(broken.from)} to ${seconds(broken.to)}` +
    (culprits.length ? `; does not fit: ${culprits.join(", ")}` : "");
}
