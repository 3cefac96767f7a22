// SPDX-License-Identifier: Apache-2.0
#include "sim/command/seeds.hpp"

#include "sim/command/chosen.hpp"
#include "sim/command/failure.hpp"
#include "sim/command/marks.hpp"
#include "sim/run.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

namespace harka::sim {

namespace {

struct Options {
  SeedRange seeds;
  Chosen chosen;
  unsigned jobs = 1;
  bool checks_determinism = false;
  bool keeps_going = false;
  bool is_verbose = false;
  bool shows_marks = false;
  std::string capsules = ".";  // the folder for those of failures
};

struct Totals {
  std::uint64_t seeds = 0;
  std::uint64_t events = 0;
  std::uint64_t operations = 0;
  std::uint64_t stale_reads = 0;
  std::uint64_t unknown = 0;
  std::uint64_t undecided = 0;
  std::uint64_t crashes = 0;
  std::uint64_t faults = 0;
  RaftOracle::Counters raft;
  Duration simulated{};
  std::uint64_t hash = 0;
  MarkTally marks;
};

constexpr std::uint64_t rerun_each = 20;  // every 20th seed runs twice

// A durable assertion aborts the process; then at least the seed must be known.
thread_local std::array<char, 160> abort_text{};

void on_abort(int) {
  (void)!write(STDERR_FILENO, abort_text.data(), std::strlen(abort_text.data()));
  _exit(127);
}

class Runner {
 public:
  explicit Runner(const Options& options) : options_(options), next_(options.seeds.first) {}

  int run() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    if (options_.shows_marks) std::cout << totals_.marks.table();
    summarise(took.count());
    return worst_;
  }

 private:
  void work() {
    for (;;) {
      const std::uint64_t seed = next_.fetch_add(1);
      if (seed > options_.seeds.last || (worst_ != 0 && !options_.keeps_going)) return;
      const Plan plan = draw_plan(seed, options_.chosen);
      (void)std::snprintf(
          abort_text.data(), abort_text.size(), "aborted; replay: %s\n", replay_line(plan).c_str());
      const RunResult result = run_plan(plan);
      const bool runs_twice = options_.checks_determinism || seed % rerun_each == 0;
      const bool differs = runs_twice && run_plan(plan).hash != result.hash;
      const std::lock_guard lock(mutex_);
      add(seed, result);
      if (differs) {
        RunResult broken = result;
        broken.outcome = Outcome::correctness;
        broken.property = "two runs of one seed differ";
        fail(plan, broken);
      } else if (result.outcome != Outcome::clean) {
        fail(plan, result);
      }
    }
  }

  void fail(const Plan& plan, const RunResult& result) {
    worst_ = std::max(worst_.load(), static_cast<int>(result.outcome));
    ++failures_;
    report_failure(plan, result, options_.capsules);
  }

  void add(std::uint64_t seed, const RunResult& result) {
    ++totals_.seeds;
    totals_.events += result.counters.events;
    totals_.operations += result.operations;
    totals_.stale_reads += result.stale_reads;
    totals_.unknown += result.unknown;
    totals_.undecided += result.undecided;
    totals_.crashes += result.counters.crashes;
    totals_.faults += result.faults;
    totals_.simulated += result.at.time_since_epoch();
    totals_.hash ^= result.hash;
    totals_.raft.elections += result.raft.elections;
    totals_.raft.commits += result.raft.commits;
    totals_.raft.truncations += result.raft.truncations;
    totals_.raft.snapshots += result.raft.snapshots;
    totals_.raft.config_changes += result.raft.config_changes;
    totals_.marks.add(std::to_string(seed), result.marks);
    if (options_.is_verbose) {
      std::cout << "seed " << seed << " hash " << std::hex << result.hash << std::dec << " events "
                << result.counters.events << " operations " << result.operations << ": "
                << result.options << "\n"
                << std::flush;
    }
  }

  void summarise(double seconds) {
    const double simulated = static_cast<double>(totals_.simulated.count()) / 1e9;
    std::cout << totals_.seeds << " seeds, " << failures_ << " failed; " << totals_.operations
              << " operations (" << totals_.unknown << " unknown), " << totals_.stale_reads
              << " stale reads, " << totals_.faults << " faults, " << totals_.crashes
              << " crashes, " << totals_.raft.elections << " elections, "
              << totals_.raft.truncations << " truncations, " << totals_.raft.snapshots
              << " snapshots, " << totals_.raft.config_changes << " configurations, "
              << totals_.undecided << " histories undecided\n"
              << totals_.events << " events, " << static_cast<std::uint64_t>(simulated)
              << " simulated s in " << seconds
              << " s: " << static_cast<double>(totals_.seeds) / seconds << " seeds/s, "
              << static_cast<std::uint64_t>(simulated / seconds) << ":1, hash " << std::hex
              << totals_.hash << std::dec << "\n";
  }

  const Options options_;
  std::atomic<std::uint64_t> next_;
  std::atomic<int> worst_{0};
  std::mutex mutex_;
  std::uint64_t failures_ = 0;
  Totals totals_;
};

Result<Options> options_of(const Arguments& arguments) {
  Options options;
  options.checks_determinism = arguments.has("--check-determinism");
  options.keeps_going = arguments.has("--keep-going");
  options.shows_marks = arguments.has("--marks");
  options.is_verbose = arguments.has("--verbose");
  options.capsules = arguments.value("--capsules").value_or(".");
  const Result<std::uint64_t> jobs = arguments.number("-j", 1);
  if (!jobs.ok()) return jobs.error();
  options.jobs = static_cast<unsigned>(std::clamp<std::uint64_t>(jobs.value(), 1, 64));
  const Result<SeedRange> seeds = seeds_of(arguments);
  if (!seeds.ok()) return seeds.error();
  options.seeds = seeds.value();
  const Result<Chosen> chosen = chosen_of(arguments);
  if (!chosen.ok()) return chosen.error();
  options.chosen = chosen.value();
  return options;
}

}  // namespace

Result<int> run_seeds(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = Arguments::parse(
      words,
      {"--check-determinism", "--keep-going", "--verbose", "--marks"},
      {"--seed", "--seeds", "--profile", "--workload", "--mutant", "-j", "--capsules"});
  if (!arguments.ok()) return arguments.error();
  if (!arguments.value().positional().empty()) {
    return Error{Code::invalid_argument, "what is " + arguments.value().positional().front() + "?"};
  }
  const Result<Options> options = options_of(arguments.value());
  if (!options.ok()) return options.error();
  (void)std::signal(SIGABRT, on_abort);
  return Runner(options.value()).run();
}

}  // namespace harka::sim
