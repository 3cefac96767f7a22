// SPDX-License-Identifier: Apache-2.0
#include "sim/shell.hpp"

#include "base/build_id.hpp"
#include "base/numbers.hpp"
#include "sim/capsule.hpp"
#include "sim/glance.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

namespace harka::sim {

namespace {

constexpr Duration step_horizon = 30s;
constexpr Duration condition_horizon = 60s;
constexpr Duration answer_horizon = 3s;
constexpr std::size_t traced_max = 200;

Error wrong(const std::string& what) {
  return Error{Code::invalid_argument, what};
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

}  // namespace

Shell::Shell(Plan plan) : plan_(std::move(plan)) {
  plan_.ends_with_faults = true;
  plan_.mix = FaultMix{};
  Glance glance(plan_, Instant{}, {}, false);
  look(glance, {});
  began_ = result_.faults_began;
}

void Shell::look(Glance& glance, Duration until) {
  plan_.fault_phase = until;
  result_ = run_plan(plan_, &glance);
}

bool Shell::go(Duration time, const Condition& is_reached, std::string& told) {
  const Instant from = began_ + elapsed_;
  Glance glance(plan_, from, is_reached, is_tracing_);
  look(glance, elapsed_ + time);
  elapsed_ = glance.reached ? *glance.reached - began_ : elapsed_ + time;
  Glance end(plan_, from, {}, false);
  look(end, elapsed_);
  if (result_.outcome != Outcome::clean) elapsed_ = result_.at - began_;
  for (std::size_t i = 0; i < std::min(glance.traced.size(), traced_max); ++i) {
    told += glance.traced[i] + "\n";
  }
  if (glance.traced.size() > traced_max) {
    told += "and " + number(glance.traced.size() - traced_max) + " more\n";
  }
  told += where();
  return glance.reached.has_value();
}

std::string Shell::where() const {
  char hash[24];
  (void)std::snprintf(hash, sizeof hash, "%llx", static_cast<unsigned long long>(result_.hash));
  std::string text = text_of(elapsed_) + "  " + number(result_.counters.events) + " events, " +
                     number(result_.operations) + " operations, " + number(result_.faults) +
                     " faults, hash " + hash + "\n";
  if (result_.outcome != Outcome::clean) text += "broken: " + result_.property + "\n";
  return text;
}

Result<std::string> Shell::carry_out(const std::string& line) {
  std::istringstream in(line.substr(0, line.find('#')));
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  if (words.empty()) return std::string();
  const std::string verb = words.front();
  if (verb == "help") return help();
  if (verb == "status") return where() + leaders();
  if (verb == "nodes") return nodes();
  if (verb == "leaders") return leaders();
  if (verb == "trace") return trace(words);
  if (verb == "save") return save(words);
  if (verb == "quit") {
    is_over_ = true;
    return std::string();
  }
  const bool moves = verb == "step" || verb == "run" || verb == "inject" || verb == "heal" ||
                     verb == "get" || verb == "set";
  if (!moves) return wrong("no such command: " + verb + "; 'help' lists them");
  if (result_.outcome != Outcome::clean) {
    return wrong("this run is broken and over; save it, or quit");
  }
  if (verb == "step") return step(words);
  if (verb == "run") return run(words);
  if (verb == "inject") return inject(line.substr(line.find("inject") + 6));
  if (verb == "heal") return inject(" heal");
  return ask(words);
}

Result<std::string> Shell::step(const Words& words) {
  const auto count = number_of<std::uint64_t>(words.size() > 1 ? words[1] : "1");
  if (!count || *count == 0 || words.size() > 2) return wrong("say 'step', or 'step N'");
  std::string told;
  (void)go(
      step_horizon, [&](const Glance& now) { return now.deliveries >= *count; }, told);
  return told;
}

Result<std::string> Shell::run(const Words& words) {
  if (words.size() > 2 && words[1] == "until") return run_until({words.begin() + 2, words.end()});
  const Result<Duration> time = duration_of(words.size() > 1 ? words[1] : "1s");
  if (!time.ok()) return time.error();
  if (words.size() > 2) return wrong("say 'run 1.5s', or 'run until CONDITION'");
  std::string told;
  (void)go(time.value(), {}, told);
  return told;
}

Result<std::string> Shell::run_until(const Words& words) {
  const Result<Condition> condition = condition_of(words);
  if (!condition.ok()) return condition.error();
  std::string told;
  const bool is_reached = go(condition_horizon, condition.value(), told);
  return is_reached ? told : told + "not reached in " + text_of(condition_horizon) + "\n";
}

Result<Shell::Condition> Shell::condition_of(const Words& words) const {
  const auto value = number_of<std::uint64_t>(words.size() > 1 ? words[1] : "");
  if (words[0] == "leader" && value && *value < plan_.shards) {
    const auto shard = static_cast<std::uint32_t>(*value);
    if (words.size() == 2) {
      return Condition([shard](const Glance& now) { return !now.leader(shard).is_none(); });
    }
    const bool is_not = words[2] == "not";
    const auto node = number_of<std::uint64_t>(words.back());
    if (node && words.size() == (is_not ? 4U : 3U)) {
      return Condition([shard, is_not, node = *node](const Glance& now) {
        const NodeId leader = now.leader(shard);
        return is_not ? !leader.is_none() && leader.value != node : leader.value == node;
      });
    }
  } else if (words[0] == "no-leader" && value && words.size() == 2) {
    const auto shard = static_cast<std::uint32_t>(*value);
    return Condition([shard](const Glance& now) { return now.leader(shard).is_none(); });
  } else if (words[0] == "answers" && value && words.size() == 2) {
    return Condition([value = *value](const Glance& now) { return now.answered >= value; });
  } else if (words[0] == "mark" && words.size() == 2) {
    const std::optional<Mark> mark = mark_of(words[1]);
    if (!mark) return wrong("no such mark: " + words[1]);
    const std::uint64_t before = result_.marks.of(*mark);
    return Condition(
        [mark = *mark, before](const Glance&) { return mark_counts_of_thread->of(mark) > before; });
  }
  return wrong(
      "a condition is 'leader SHARD', 'leader SHARD NODE', 'leader SHARD not NODE', "
      "'no-leader SHARD', 'answers N' or 'mark NAME'");
}

Result<std::string> Shell::inject(const std::string& line) {
  Result<Fault> fault = fault_of(text_of(elapsed_) + line);
  if (!fault.ok()) return fault.error();
  plan_.faults.push_back(std::move(fault).value());
  std::string told;
  (void)go({}, {}, told);
  return told;
}

Result<std::string> Shell::ask(const Words& words) {
  Result<Ask> asked = ask_of(text_of(elapsed_), words);
  if (!asked.ok()) return asked.error();
  if (asked.value().shard >= plan_.shards) return wrong("no such shard");
  Glance before(plan_, Instant{}, {}, false);
  look(before, elapsed_);
  const std::size_t answers = before.answers.size();
  plan_.asks.push_back(std::move(asked).value());
  std::string told;
  const bool is_answered = go(
      answer_horizon, [answers](const Glance& now) { return now.answers.size() > answers; }, told);
  if (!is_answered) return told + "no answer in " + text_of(answer_horizon) + "\n";
  Glance after(plan_, Instant{}, {}, false);
  look(after, elapsed_);
  const msg::ShardReply& reply = after.answers.at(answers);
  if (reply.outcome != msg::BatchOutcome::done) return told + "refused: ask again\n";
  return told + std::string(reply.replies.view());
}

Result<std::string> Shell::trace(const Words& words) {
  const bool is_on = words.size() == 2 && words[1] == "on";
  if (!is_on && (words.size() != 2 || words[1] != "off")) {
    return wrong("say 'trace on' or 'trace off'");
  }
  is_tracing_ = is_on;
  return std::string();
}

Result<std::string> Shell::save(const Words& words) {
  if (words.size() != 2) return wrong("say 'save FILE'");
  Glance glance(plan_, Instant{}, {}, false);
  look(glance, elapsed_);
  std::ofstream out(words[1]);
  out << capsule_of(
             plan_, {"from a session of harka sim shell", "commit: " + std::string(build_id())})
      << std::flush;
  if (!out) return Error{Code::io_failed, words[1] + ": " + std::strerror(errno)};
  return "saved " + words[1] + "\n" + where();
}

std::string Shell::nodes() {
  Glance glance(plan_, Instant{}, {}, false);
  look(glance, elapsed_);
  return glance.nodes;
}

std::string Shell::leaders() {
  Glance glance(plan_, Instant{}, {}, false);
  look(glance, elapsed_);
  return glance.leaders;
}

std::string Shell::help() {
  return R"(step [N]               to the Nth message that arrives from now on
run [TIME]             on for a while, such as 1.5s; without: 1s
run until CONDITION    leader SHARD [[not] NODE] | no-leader SHARD | answers N | mark NAME
status, nodes, leaders how things are
get KEY [shard N]      a client's read, from the leader; waits for its answer
set KEY VALUE [shard N]
inject FAULT           now; as in a capsule, without its time: inject crash leader 0 for 2s
heal                   all links, nodes and disks work again
trace on|off           each message that arrives while it runs
save FILE              as a capsule: harka sim replay, explain and view work on it
help, quit
)";
}

}  // namespace harka::sim
