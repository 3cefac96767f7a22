// SPDX-License-Identifier: Apache-2.0
// Where a trace comes from: the page itself, a file that is opened, or one that is dropped.

function open_trace(controls, text, name) {
  const {events, problems} = parse_trace(text);
  const model = new Model(events);
  const {begin} = model;
  put("plan", begin.e ? `${begin.profile}, seed ${begin.seed}` +
    `${begin.mutant && begin.mutant !== "none" ? ", mutant " + begin.mutant : ""}, ${begin.nodes} nodes, ` +
    `${begin.shards} shards, ${events.length} events, commit ${begin.commit}` : `${name}: ${events.length} events`);
  document.getElementById("plan").title = String(begin.settings ?? "");
  const verdict = document.getElementById("verdict");
  verdict.textContent = model.property ? "Violated: " + model.property : model.end_index < 0 ? "" : "Nothing broke.";
  verdict.classList.toggle("broken", model.property !== "");
  put("broken", broken_text(model));
  document.getElementById("broken").hidden = model.broken === null;
  document.getElementById("problems").hidden = problems.length === 0;
  put("problems", problems.length ? `These lines are no events: ${problems.slice(0, 10).join(", ")}` : "");
  document.getElementById("empty").hidden = events.length > 0;
  controls.show(model);
}

function open_file(controls, file) {
  if (file) file.text().then((text) => open_trace(controls, text, file.name));
}

function main() {
  const controls = new Controls();
  const file = document.getElementById("file");
  file.addEventListener("change", () => {
    open_file(controls, file.files[0]);
    file.value = "";
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    open_file(controls, event.dataTransfer.files[0]);
  });
  open_trace(controls, document.getElementById("trace").textContent, "");
  document.getElementById("timeline").focus();
  document.body.dataset.ready = "yes";
}

main();
