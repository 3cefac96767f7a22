// SPDX-License-Identifier: Apache-2.0
#include "admin/views.hpp"

#include <cstdio>

namespace harka::admin {

namespace {

/// UN: up and normal. DN: down. UL: up, leaving. US: suspected.
std::string state_letters(const Json& node) {
  const std::string state = cell_text(node, "state");
  if (state == "alive") return "UN";
  if (state == "suspect") return "US";
  if (state == "left") return "UL";
  return "DN";
}

Tone state_tone(const Json& node) {
  return cell_text(node, "state") == "alive" ? Tone::good : Tone::bad;
}

std::string status_headline(const Json& status) {
  return cell_text(status, "verdict") + "\ncluster " + cell_text(status, "clusterId") + "  map " +
         cell_text(status, "mapVersion") + "  shards " + cell_text(status, "shards") +
         "  replicas " + cell_text(status, "replicationFactor") + "  without leader " +
         cell_text(status, "shardsWithoutLeader") + "\n\n";
}

Tone status_tone(const Json& status) {
  return cell_text(status, "verdict") == "healthy" ? Tone::good : Tone::bad;
}

bool is_alive(const Json& actor) {
  return cell_text(actor, "alive") == "true";
}

std::string actor_state(const Json& actor) {
  return is_alive(actor) ? cell_text(actor, "state") : "failed: " + cell_text(actor, "lastFailure");
}

Tone actor_tone(const Json& actor) {
  return is_alive(actor) ? Tone::plain : Tone::bad;
}

std::string milliseconds(const Json& item, std::string_view key) {
  const auto found = item.find(std::string(key));
  if (found == item.end() || !found->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", found->get<double>());
  return text;
}

std::string whole(const Json& item, std::string_view key) {
  const auto found = item.find(std::string(key));
  if (found == item.end() || !found->is_number()) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.0f", found->get<double>());
  return text;
}

std::string bench_headline(const Json& report) {
  return cell_text(report, "target") + "\n" + cell_text(report, "clients") + " clients  pipeline " +
         cell_text(report, "pipeline") + "  keys " + cell_text(report, "keys") + "  values " +
         cell_text(report, "valueBytes") + " bytes  " + milliseconds(report, "seconds") +
         " s  redirected " + cell_text(report, "redirected") + "  errors " +
         cell_text(report, "errors") + "\n\n";
}

View status_view() {
  return View{
      "Status",
      "name",
      status_headline,
      status_tone,
      {{"", "state", false, false, state_letters, state_tone},
       {"NODE", "name"},
       {"REGION", "region"},
       {"CLIENTS", "clientAddress"},
       {"LINKS", "linkAddress"},
       {"EPOCH", "epoch", true, true},
       {"ID", "node", true, true},
       {"LEADS", "leading", true}}};
}

View actors_view() {
  return View{
      "ActorList",
      "name",
      nullptr,
      nullptr,
      {{"ACTOR", "name"},
       {"THREAD", "thread"},
       {"MAILBOX", "mailbox", true},
       {"PEAK", "mailboxPeak", true},
       {"MAX", "mailboxMax", true, true},
       {"REFUSED", "refused", true, true},
       {"HANDLED", "handled", true},
       {"RESTARTS", "restarts", true},
       {"STATE", "state", false, false, actor_state, actor_tone}}};
}

View bench_view() {
  return View{
      "BenchReport",
      "name",
      bench_headline,
      nullptr,
      {{"OPERATION", "name"},
       {"COUNT", "count", true},
       {"OPS/S",
        "opsPerSecond",
        true,
        false,
        [](const Json& i) { return whole(i, "opsPerSecond"); }},
       {"P50 MS", "p50Ms", true, false, [](const Json& i) { return milliseconds(i, "p50Ms"); }},
       {"P90 MS", "p90Ms", true, false, [](const Json& i) { return milliseconds(i, "p90Ms"); }},
       {"P99 MS", "p99Ms", true, false, [](const Json& i) { return milliseconds(i, "p99Ms"); }},
       {"P99.9 MS", "p999Ms", true, false, [](const Json& i) { return milliseconds(i, "p999Ms"); }},
       {"MAX MS", "maxMs", true, false, [](const Json& i) { return milliseconds(i, "maxMs"); }}}};
}

View failures_view() {
  return View{
      "FailureList",
      "id",
      nullptr,
      nullptr,
      {{"CODE", "id"}, {"EXIT", "exitCode", true}, {"WHAT", "title"}}};
}

View settings_view() {
  return View{
      "SettingList",
      "name",
      nullptr,
      nullptr,
      {{"KEY", "name"}, {"TYPE", "type"}, {"DEFAULT", "default"}, {"WHAT", "help"}}};
}

View files_view() {
  return View{"FileList", "path", nullptr, nullptr, {{"WHAT", "name"}, {"PATH", "path"}}};
}

}  // namespace

const View* find_view(std::string_view kind) {
  static const std::vector<View> views{
      status_view(), actors_view(), bench_view(), failures_view(), settings_view(), files_view()};
  for (const View& view : views) {
    if (view.kind == kind) return &view;
  }
  return nullptr;
}

}  // namespace harka::admin
