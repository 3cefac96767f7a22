// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario.hpp"

#include "base/numbers.hpp"
#include "sim/capsule.hpp"
#include "sim/mutants/defect.hpp"
#include "sim/replicas.hpp"

#include <algorithm>
#include <map>
#include <sstream>

namespace harka::sim {

namespace {

Error wrong(const std::string& what) {
  return Error{Code::invalid_argument, what};
}

using Words = std::vector<std::string>;

Words words_of(const std::string& line) {
  std::istringstream in(line);
  Words words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// `within T of T`, from the word at `at` on.
Result<void> take_window(Expectation& expectation, const Words& words, std::size_t at) {
  if (words.size() != at + 4 || words[at] != "within" || words[at + 2] != "of") {
    return wrong("expected 'within TIME of TIME'");
  }
  const Result<Duration> within = duration_of(words[at + 1]);
  const Result<Duration> of = duration_of(words[at + 3]);
  if (!within.ok()) return within.error();
  if (!of.ok()) return of.error();
  expectation.within = within.value();
  expectation.of = of.value();
  return {};
}

Result<void> take_mark(Expectation& expectation, const Words& words) {
  if (words.size() != 3) return wrong("expected the name of one mark");
  const std::optional<Mark> mark = mark_of(words[2]);
  if (!mark) return wrong("no such mark: " + words[2]);
  expectation.mark = *mark;
  return {};
}

Result<Expectation> expectation_of(const Words& words, const std::string& text) {
  using Kind = Expectation::Kind;
  Expectation expectation;
  expectation.text = text;
  const std::string what = words.size() > 1 ? words[1] : "";
  Result<void> taken;
  if (what == "mark" || what == "never") {
    expectation.kind = what == "mark" ? Kind::mark : Kind::never;
    taken = take_mark(expectation, words);
  } else if (what == "elected" || what == "undisturbed") {
    expectation.kind = what == "elected" ? Kind::elected : Kind::undisturbed;
    const auto shard = number_of<std::uint32_t>(words.size() > 2 ? words[2] : "");
    expectation.shard = shard.value_or(0);
    taken = shard ? take_window(expectation, words, 3) : wrong("expected the number of a shard");
  } else if (what == "answered") {
    expectation.kind = Kind::answered;
    taken = take_window(expectation, words, 2);
  } else if (what == "operations") {
    expectation.kind = Kind::operations;
    const auto count = number_of<std::uint64_t>(words.size() == 4 ? words[3] : "");
    expectation.count = count.value_or(0);
    if (!count || words[2] != "at-least") taken = wrong("expected 'operations at-least N'");
  } else {
    taken =
        wrong("'" + what + "' is none of mark, never, elected, undisturbed, answered, operations");
  }
  if (!taken.ok()) return taken.error();
  return expectation;
}

Result<Kill> kill_of(const Words& words) {
  Kill kill;
  if (words.size() == 2 || (words.size() == 4 && words[2] == "seed")) kill.mutant = words[1];
  if (defect_of(kill.mutant) == nullptr) {
    return wrong(
        "expected 'kills MUTANT' or 'kills MUTANT seed N'; 'harka sim mutants' lists them");
  }
  if (words.size() == 4) {
    kill.seed = number_of<std::uint64_t>(words[3]);
    if (!kill.seed) return wrong("no seed: " + words[3]);
  }
  return kill;
}

/// Notes what expectations are about.
class Notes final : public Watcher {
 public:
  void begins(const Plan&, const World& world) override { world_ = &world; }

  void observed(const ClientEvent& event) override {
    if (!event.is_end) {
      began_[event.client] = world_->now();
    } else if (event.is_known) {
      answers_.emplace_back(began_[event.client], world_->now());
    }
  }

  void ends(const std::string&) override {}

  void turn_ended(const Address& actor, const Machine& machine) override {
    const raft::Raft* raft = core_of(actor, machine);
    if (raft == nullptr || !raft->is_leader()) return;
    Term& term = terms_[{actor.index, actor.node}];
    if (std::exchange(term, raft->term()) == raft->term()) return;
    elections_.emplace_back(actor.index, world_->now());
  }

  [[nodiscard]] bool is_elected(GroupId group, Instant from, Instant to) const {
    return std::ranges::any_of(elections_, [&](const auto& election) {
      return election.first == group.value && election.second >= from && election.second <= to;
    });
  }

  [[nodiscard]] bool is_answered(Instant from, Instant to) const {
    return std::ranges::any_of(
        answers_, [&](const auto& answer) { return answer.first >= from && answer.second <= to; });
  }

 private:
  const World* world_ = nullptr;
  std::map<std::pair<std::uint32_t, std::uint64_t>, Term> terms_;
  std::vector<std::pair<std::uint32_t, Instant>> elections_;
  std::map<std::uint32_t, Instant> began_;
  std::vector<std::pair<Instant, Instant>> answers_;
};

bool is_met(const Expectation& expectation, const RunResult& result, const Notes& notes) {
  const Instant from = result.faults_began + expectation.of;
  const Instant to = from + expectation.within;
  const GroupId group = group_of(ShardId{expectation.shard});
  switch (expectation.kind) {
    case Expectation::Kind::mark: return result.marks.of(expectation.mark) > 0;
    case Expectation::Kind::never: return result.marks.of(expectation.mark) == 0;
    case Expectation::Kind::elected: return notes.is_elected(group, from, to);
    case Expectation::Kind::undisturbed: return !notes.is_elected(group, from, to);
    case Expectation::Kind::answered: return notes.is_answered(from, to);
    case Expectation::Kind::operations: return result.operations >= expectation.count;
  }
  return false;
}

Judgement judge_plan(const Plan& plan, const std::vector<Expectation>& expectations) {
  Notes notes;
  Judgement judgement;
  judgement.result = run_plan(plan, &notes);
  for (const Expectation& expectation : expectations) {
    if (!is_met(expectation, judgement.result, notes)) judgement.missed.push_back(expectation.text);
  }
  return judgement;
}

}  // namespace

Result<Scenario> scenario_of(std::string_view text) {
  Scenario scenario;
  std::string settings;  // the other lines stay empty, so that numbers are right
  std::istringstream lines{std::string(text)};
  std::size_t number = 0;
  for (std::string line; std::getline(lines, line); settings += '\n') {
    ++number;
    if (scenario.title.empty() && line.starts_with("# ")) scenario.title = line.substr(2);
    const std::string content = line.substr(0, line.find('#'));
    const Words words = words_of(content);
    const std::string verb = words.empty() ? "" : words[0];
    Result<void> taken;
    if (verb == "expect") {
      Result<Expectation> expectation = expectation_of(words, content);
      if (!expectation.ok()) taken = expectation.error();
      if (expectation.ok()) scenario.expectations.push_back(std::move(expectation).value());
    } else if (verb == "kills") {
      Result<Kill> kill = kill_of(words);
      if (!kill.ok()) taken = kill.error();
      if (kill.ok()) scenario.kills.push_back(std::move(kill).value());
    } else {
      settings += line;
    }
    if (!taken.ok()) return wrong("line " + std::to_string(number) + ": " + taken.error().detail);
  }
  Result<Plan> plan = plan_of(settings);
  if (!plan.ok()) return plan.error();
  scenario.plan = std::move(plan).value();
  return scenario;
}

Judgement judge(const Scenario& scenario) {
  return judge_plan(scenario.plan, scenario.expectations);
}

Judgement judge(const Scenario& scenario, const Kill& kill) {
  Plan plan = scenario.plan;
  plan.mutant = kill.mutant;
  plan.seed = kill.seed.value_or(plan.seed);
  return judge_plan(plan, scenario.expectations);
}

}  // namespace harka::sim
