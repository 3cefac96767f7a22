// SPDX-License-Identifier: Apache-2.0
#include "sim/command/marks.hpp"

#include "sim/command/chosen.hpp"
#include "sim/command/failure.hpp"
#include "sim/run.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <thread>

namespace harka::sim {

namespace {

/// Each seed under each profile. Profiles take turns, so that the first seeds tell most.
class Survey {
 public:
  Survey(SeedRange seeds, std::vector<Profile> profiles, std::string capsules)
      : seeds_(seeds),
        profiles_(std::move(profiles)),
        capsules_(std::move(capsules)),
        next_(seeds.first * profiles_.size()) {}

  int run(std::uint64_t jobs) {
    std::vector<std::thread> threads;
    for (std::uint64_t i = 1; i < jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    const std::size_t never_hit = tally_.never_hit();
    std::cout << tally_.table() << mark_count - never_hit << " of " << mark_count
              << " marks hit in " << runs_ << " runs\n";
    if (worst_ != 0) return worst_;
    return never_hit == 0 ? 0 : 1;
  }

 private:
  void work() {
    for (;;) {
      const std::uint64_t number = next_.fetch_add(1);
      const std::uint64_t seed = number / profiles_.size();
      if (seed > seeds_.last || worst_ != 0) return;
      const Plan plan = draw_plan(seed, profiles_[number % profiles_.size()]);
      const RunResult result = run_plan(plan);
      const std::lock_guard lock(mutex_);
      ++runs_;
      tally_.add(std::string(name_of(plan.profile)) + " " + std::to_string(seed), result.marks);
      if (result.outcome == Outcome::clean) continue;
      worst_ = std::max(worst_.load(), static_cast<int>(result.outcome));
      report_failure(plan, result, capsules_);
    }
  }

  const SeedRange seeds_;
  const std::vector<Profile> profiles_;
  const std::string capsules_;
  std::atomic<std::uint64_t> next_;
  std::atomic<int> worst_{0};
  std::mutex mutex_;
  std::uint64_t runs_ = 0;
  MarkTally tally_;
};

}  // namespace

void MarkTally::add(const std::string& run, const MarkCounts& counts) {
  for (std::size_t i = 0; i < mark_count; ++i) {
    if (counts.of(static_cast<Mark>(i)) == 0) continue;
    if (lines_[i].runs++ == 0) lines_[i].first = run;
  }
}

std::string MarkTally::table() const {
  std::vector<Mark> marks;
  for (std::size_t i = 0; i < mark_count; ++i) marks.push_back(static_cast<Mark>(i));
  const auto runs_of = [this](Mark mark) { return lines_[static_cast<std::size_t>(mark)].runs; };
  std::ranges::stable_partition(marks, [&](Mark mark) { return runs_of(mark) > 0; });
  std::string text;
  for (const Mark mark : marks) {
    const Line& line = lines_[static_cast<std::size_t>(mark)];
    char start[96];
    (void)std::snprintf(
        start,
        sizeof start,
        "%-32s %6llu  %-13s ",
        name_of(mark).c_str(),
        static_cast<unsigned long long>(line.runs),
        line.runs == 0 ? "NEVER" : line.first.c_str());
    text += std::string(start) + std::string(sentence_of(mark)) + "\n";
  }
  return text;
}

std::size_t MarkTally::never_hit() const {
  return static_cast<std::size_t>(std::ranges::count(lines_, 0U, &Line::runs));
}

Result<int> run_marks(const std::vector<std::string>& words) {
  const Result<Arguments> arguments =
      Arguments::parse(words, {}, {"--seed", "--seeds", "--profile", "-j", "--capsules"});
  if (!arguments.ok()) return arguments.error();
  const Result<SeedRange> seeds = seeds_of(arguments.value());
  if (!seeds.ok()) return seeds.error();
  const Result<std::uint64_t> jobs = arguments.value().number("-j", 1);
  if (!jobs.ok()) return jobs.error();
  const Result<Chosen> chosen = chosen_of(arguments.value());
  if (!chosen.ok()) return chosen.error();
  std::vector<Profile> profiles{Profile::core, Profile::cluster};
  if (arguments.value().has("--profile")) profiles = {chosen.value().profile};
  const std::string capsules = arguments.value().value("--capsules").value_or(".");
  return Survey(seeds.value(), std::move(profiles), capsules)
      .run(std::clamp<std::uint64_t>(jobs.value(), 1, 64));
}

}  // namespace harka::sim
