// SPDX-License-Identifier: Apache-2.0
// The script, the console and the verdict.
#include "apps/demo/demo.hpp"
#include "apps/output.hpp"
#include "apps/values.hpp"

#include <algorithm>
#include <iostream>

namespace harka::apps {

namespace {

constexpr const char* console_help =
    "  kill NODE|REGION     kill -9, and watch it heal\n"
    "  revive NODE|REGION   start it again\n"
    "  status               nodes, leaders, load\n"
    "  quit                 re-read every acknowledged write, then stop everything";

}  // namespace

int Demo::run_script() {
  for (std::uint32_t second = 0; second < options_.warm_seconds; ++second) {
    if (!interrupt_.sleep(1s)) return exit_interrupted;
    print_workload();
  }
  const std::vector<std::string> victims =
      options_.script == "region-loss" ? names_for("eu-west") : std::vector{busiest()};
  kill(victims);
  if (!interrupt_.sleep(2s)) return exit_interrupted;
  print_workload();
  if (!revive(victims)) kills_.back().healed_after = -1;
  if (!interrupt_.sleep(1s)) return exit_interrupted;
  print_workload();
  return verdict();
}

int Demo::run_console() {
  say("commands: kill NODE|REGION, revive NODE|REGION, status, quit, help   (try: kill " +
      busiest() + ")");
  std::string line;
  do {
    if (const std::string ended = processes_.find_ended(); !ended.empty()) say("  " + ended);
    std::cout << "demo> " << std::flush;
  } while (interrupt_.read_line(line) && obey(line) && !interrupt_.is_raised());
  if (interrupt_.is_raised()) {
    say("\ninterrupted: the writes were not checked");
    return exit_interrupted;
  }
  return verdict();
}

bool Demo::obey(const std::string& line) {
  static const std::vector<std::string> verbs{"kill", "revive", "status", "quit", "help"};
  const std::size_t begin = std::min(line.find_first_not_of(" \t\r"), line.size());
  const std::string trimmed = line.substr(begin, line.find_last_not_of(" \t\r") + 1 - begin);
  const std::size_t space = trimmed.find(' ');
  const std::string verb = trimmed.substr(0, space);
  const std::size_t at = trimmed.find_first_not_of(' ', space);
  const std::string word =
      at == std::string::npos || space == std::string::npos ? "" : trimmed.substr(at);
  if (verb.empty()) return true;
  if (verb == "quit" || verb == "q" || verb == "exit") return false;
  if (verb == "status") {
    print_nodes();
    print_workload();
  } else if (verb == "help" || verb == "?") {
    say(console_help);
  } else if (verb == "kill" || verb == "revive") {
    const std::vector<std::string> names = names_for(word);
    if (names.empty()) {
      say((word.empty() ? "  which one?" : "  there is no '" + word + "':") +
          " nodes are n1 to n9, regions us-east, eu-west and ap-south");
    } else if (verb == "kill") {
      kill(names);
    } else {
      (void)revive(names);
    }
  } else {
    const std::string near = nearest(verb, verbs);
    say("  unknown command '" + verb + "'" +
        (near.empty() ? ":\n" + std::string(console_help) : "; did you mean '" + near + "'?"));
  }
  return true;
}

std::vector<std::string> Demo::names_for(const std::string& word) const {
  std::vector<std::string> names;
  for (const DemoNode& node : processes_.nodes()) {
    if (node.name == word || node.region == word) names.push_back(node.name);
  }
  return names;
}

int Demo::verdict() {
  std::vector<std::string> down;
  for (const DemoNode& node : processes_.nodes()) {
    if (node.process == 0) down.push_back(node.name);
  }
  bool is_healed = down.empty() || revive(down);
  for (const Healing& healing : kills_) {
    is_healed = is_healed && (!healing.must_heal || healing.healed_after >= 0);
  }
  workload_->stop();
  const WorkloadReport load = workload_->report();
  say("\n  re-reading all " + std::to_string(load.acknowledged) + " acknowledged writes");
  const CheckReport check = workload_->check();
  const bool is_good = is_healed && check.lost == 0 && check.unreadable == 0 &&
                       check.checked == load.acknowledged && load.wrong_reads == 0;
  say("  checked " + std::to_string(check.checked) + " of " + std::to_string(load.acknowledged) +
      ", lost " + std::to_string(check.lost) + ", unreadable " + std::to_string(check.unreadable) +
      ", wrong reads " + std::to_string(load.wrong_reads) + "\n  requests " +
      std::to_string(load.requests) + ", failed " + std::to_string(load.failed) +
      " (a failed request is one whose client gave up after 10 s)");
  for (const std::string& example : check.examples) say("    " + example);
  say(is_good ? "  the invariants held" : "  AN INVARIANT WAS BROKEN (harka explain HK1002)");
  if (options_.style.format == admin::Format::table) return is_good ? exit_done : exit_no;

  admin::Json report = admin::make_document("DemoReport");
  report["ok"] = is_good;
  report["acknowledged"] = load.acknowledged;
  report["checked"] = check.checked;
  report["lost"] = check.lost;
  report["unreadable"] = check.unreadable;
  report["wrongReads"] = load.wrong_reads;
  report["requests"] = load.requests;
  report["failed"] = load.failed;
  report["readP50Ms"] = load.all_reads.percentile_ms(0.50);
  report["writeP50Ms"] = load.all_writes.percentile_ms(0.50);
  report["items"] = admin::Json::array();
  for (const Healing& healing : kills_) {
    admin::Json item;
    item["name"] = healing.what;
    item["shards"] = healing.shards;
    item["mustHeal"] = healing.must_heal;
    item["newLeadersSeconds"] = healing.leaders_after;
    item["healedSeconds"] = healing.healed_after;
    item["revivedSeconds"] = healing.revived_after;
    report["items"].push_back(std::move(item));
  }
  report["warnings"] = check.examples;
  print_document(options_.style, report);
  return is_good ? exit_done : exit_no;
}

}  // namespace harka::apps
