// SPDX-License-Identifier: Apache-2.0
#include "sim/command.hpp"

#include "base/log.hpp"
#include "sim/history.hpp"
#include "sim/run.hpp"

#include <unistd.h>

#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#ifndef HARKA_BUILD_ID
#define HARKA_BUILD_ID "unknown"
#endif

namespace harka::sim {

namespace {

struct Options {
  std::uint64_t first = 1;
  std::uint64_t last = 1;
  std::optional<Profile> wanted_profile;  // nothing: where the mutant shows, or core
  Mutant mutant = Mutant::none;
  unsigned jobs = 1;
  bool checks_determinism = false;
  bool keeps_going = false;
  bool is_verbose = false;

  [[nodiscard]] Profile profile() const {
    return wanted_profile.value_or(is_of_caches(mutant) ? Profile::cluster : Profile::core);
  }
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
};

constexpr std::uint64_t rerun_each = 20;  // every 20th seed runs twice

// A durable assertion aborts the process; then at least the seed must be known.
thread_local std::array<char, 160> abort_text{};

void on_abort(int) {
  (void)!write(STDERR_FILENO, abort_text.data(), std::strlen(abort_text.data()));
  _exit(127);
}

std::string replay_line(const Options& options, std::uint64_t seed) {
  return "harka sim run --seed " + std::to_string(seed) + " --profile " +
         std::string(name_of(options.profile())) +
         (options.mutant == Mutant::none ? ""
                                         : " --mutant " + std::string(name_of(options.mutant)));
}

void report(const Options& options, std::uint64_t seed, const RunResult& result) {
  const char* kind = result.outcome == Outcome::crash      ? "crash"
                     : result.outcome == Outcome::liveness ? "liveness"
                                                           : "correctness";
  for (const std::string& line : result.recent) std::cout << "  " << line << "\n";
  std::cout << "broken (" << kind << "): " << result.property << "\n"
            << "seed:    " << seed << ", event " << result.counters.events << ", "
            << result.at.time_since_epoch().count() / 1'000'000 << " ms\n"
            << "commit:  " << HARKA_BUILD_ID << "\n"
            << "options: " << result.options << "\n"
            << "replay:  " << replay_line(options, seed) << "\n"
            << std::flush;
}

class Runner {
 public:
  explicit Runner(const Options& options) : options_(options), next_(options.first) {}

  int run() {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < options_.jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    summarise(took.count());
    return worst_;
  }

 private:
  void work() {
    for (;;) {
      const std::uint64_t seed = next_.fetch_add(1);
      if (seed > options_.last || (worst_ != 0 && !options_.keeps_going)) return;
      (void)std::snprintf(
          abort_text.data(),
          abort_text.size(),
          "aborted; replay: %s\n",
          replay_line(options_, seed).c_str());
      Plan plan = draw_plan(seed, options_.profile());
      plan.mutant = options_.mutant;
      const RunResult result = run_plan(plan);
      const bool runs_twice = options_.checks_determinism || seed % rerun_each == 0;
      const bool differs = runs_twice && run_plan(plan).hash != result.hash;
      const std::lock_guard lock(mutex_);
      add(seed, result);
      if (differs) {
        RunResult broken = result;
        broken.outcome = Outcome::correctness;
        broken.property = "two runs of one seed differ";
        fail(seed, broken);
      } else if (result.outcome != Outcome::clean) {
        fail(seed, result);
      }
    }
  }

  void fail(std::uint64_t seed, const RunResult& result) {
    worst_ = std::max(worst_.load(), static_cast<int>(result.outcome));
    ++failures_;
    report(options_, seed, result);
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

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int usage(const std::string& problem) {
  std::cerr
      << "harka sim: " << problem << "\n"
      << "usage: harka sim run (--seed N | --seeds A..B) [--profile core|cluster|calm] [-j N]\n"
      << "                     [--check-determinism] [--keep-going] [--verbose] [--mutant NAME]\n"
      << "       harka sim run --mutants       names the planted defects\n"
      << "       harka sim check-history FILE\n"
      << "exit codes: 0 clean, 127 crash, 128 liveness, 129 correctness, 2 wrong usage\n";
  return 2;
}

bool take_value(Options& options, const std::string& name, const std::string& value) {
  if (name == "--profile") {
    for (const Profile profile : {Profile::core, Profile::cluster, Profile::calm}) {
      if (name_of(profile) != value) continue;
      options.wanted_profile = profile;
      return true;
    }
    return false;
  }
  if (name == "--mutant") {
    const std::optional<Mutant> mutant = mutant_of(value);
    options.mutant = mutant.value_or(Mutant::none);
    return mutant.has_value();
  }
  if (name == "--seeds") {
    const std::size_t dots = value.find("..");
    if (dots == std::string::npos) return false;
    const auto first = number_of(std::string_view(value).substr(0, dots));
    const auto last = number_of(std::string_view(value).substr(dots + 2));
    if (!first || !last || *first > *last) return false;
    options.first = *first;
    options.last = *last;
    return true;
  }
  const auto number = number_of(value);
  if (!number) return false;
  if (name == "--seed") options.first = options.last = *number;
  if (name == "-j") options.jobs = static_cast<unsigned>(std::clamp<std::uint64_t>(*number, 1, 64));
  return true;
}

int run_seeds(const std::vector<std::string>& arguments) {
  Options options;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    if (name == "--check-determinism") {
      options.checks_determinism = true;
    } else if (name == "--keep-going") {
      options.keeps_going = true;
    } else if (name == "--verbose") {
      options.is_verbose = true;
    } else if (name == "--mutants") {
      for (const Mutant mutant : mutants) std::cout << name_of(mutant) << "\n";
      return 0;
    } else if (
        name == "--seed" || name == "--seeds" || name == "--profile" || name == "--mutant" ||
        name == "-j") {
      if (i + 1 >= arguments.size()) return usage(name + " needs a value");
      if (!take_value(options, name, arguments[++i])) {
        return usage("not a value of " + name + ": " + arguments[i]);
      }
    } else {
      return usage("no such option: " + name);
    }
  }
  (void)log::configure({.level = log::Level::off, .file = {}, .node = {}});
  (void)std::signal(SIGABRT, on_abort);
  return Runner(options).run();
}

int check_history(const std::string& path) {
  const Result<std::vector<Operation>> history = read_history(path);
  if (!history.ok()) return usage(history.error().detail);
  const LinearizabilityReport verdict = check_linearizability(history.value(), {});
  switch (verdict.verdict) {
    case Verdict::linearizable:
      std::cout << "linearizable: " << history.value().size() << " operations\n";
      return 0;
    case Verdict::violated:
      std::cout << "not linearizable: key " << verdict.key << ": " << verdict.explanation << "\n";
      return static_cast<int>(Outcome::correctness);
    case Verdict::undecided:
      std::cout << "undecided: the search for key " << verdict.key << " is too large\n";
      return 1;
  }
  return 2;
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  if (!arguments.empty() && arguments[0] == "run") return run_seeds(arguments);
  if (arguments.size() == 2 && arguments[0] == "check-history") return check_history(arguments[1]);
  return usage("what?");
}

}  // namespace harka::sim
