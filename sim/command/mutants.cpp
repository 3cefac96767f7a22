// SPDX-License-Identifier: Apache-2.0
#include "sim/command/mutants.hpp"

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

constexpr std::uint64_t seeds_default = 2000;
constexpr std::size_t property_shown = 90;

class Hunt {
 public:
  Hunt(std::vector<const Defect*> wanted, std::uint64_t seeds)
      : wanted_(std::move(wanted)), seeds_(seeds) {}

  int run(std::uint64_t jobs) {
    std::vector<std::thread> threads;
    for (std::uint64_t i = 1; i < jobs; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    std::cout << wanted_.size() - survivors_ << " of " << wanted_.size() << " noticed\n";
    return survivors_ == 0 ? 0 : 1;
  }

 private:
  void work() {
    for (std::size_t i = next_.fetch_add(1); i < wanted_.size(); i = next_.fetch_add(1)) {
      hunt(*wanted_[i]);
    }
  }

  void hunt(const Defect& defect) {
    for (std::uint64_t seed = 1; seed <= seeds_; ++seed) {
      const RunResult result = run_plan(draw_plan(seed, chosen_for(defect)));
      const bool is_noticed = result.outcome == Outcome::crash ||
                              result.outcome == Outcome::correctness ||
                              (result.outcome == Outcome::liveness && defect.is_stuck);
      if (is_noticed) return tell(defect, seed, result);
    }
    const std::lock_guard lock(mutex_);
    ++survivors_;
    std::printf(
        "%-32s SURVIVES %lu seeds: %.*s\n",
        std::string(defect.name).c_str(),
        static_cast<unsigned long>(seeds_),
        static_cast<int>(defect.what.size()),
        defect.what.data());
    (void)std::fflush(stdout);
  }

  void tell(const Defect& defect, std::uint64_t seed, const RunResult& result) {
    const double seconds = static_cast<double>(result.at.time_since_epoch().count()) / 1e9;
    const std::lock_guard lock(mutex_);
    std::printf(
        "%-32s seed %-5lu %7.3f s  %-11s  %s\n",
        std::string(defect.name).c_str(),
        static_cast<unsigned long>(seed),
        seconds,
        std::string(name_of(result.outcome)).c_str(),
        result.property.substr(0, property_shown).c_str());
    (void)std::fflush(stdout);
  }

  std::vector<const Defect*> wanted_;
  std::uint64_t seeds_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::size_t survivors_ = 0;
};

}  // namespace

Result<int> run_mutants(const std::vector<std::string>& words) {
  const Result<Arguments> arguments = Arguments::parse(words, {}, {"--seeds", "-j"});
  if (!arguments.ok()) return arguments.error();
  std::vector<const Defect*> wanted;
  for (const std::string& name : arguments.value().positional()) {
    wanted.push_back(defect_of(name));
    if (wanted.back() == nullptr) {
      return Error{Code::invalid_argument, "no such mutant: " + name};
    }
  }
  if (wanted.empty()) {
    for (const Defect& defect : defects()) wanted.push_back(&defect);
  }
  const Result<std::uint64_t> seeds = arguments.value().number("--seeds", seeds_default);
  const Result<std::uint64_t> jobs = arguments.value().number("-j", 1);
  if (!seeds.ok()) return seeds.error();
  if (!jobs.ok()) return jobs.error();
  return Hunt(std::move(wanted), seeds.value()).run(std::clamp<std::uint64_t>(jobs.value(), 1, 64));
}

}  // namespace harka::sim
