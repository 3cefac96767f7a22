// SPDX-License-Identifier: Apache-2.0
#include "sim/command/failover.hpp"

#include "sim/command/arguments.hpp"
#include "sim/failover.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>

namespace harka::sim {

namespace {

void print(const char* name, std::vector<Duration>& times) {
  if (times.empty()) return;
  std::ranges::sort(times);
  const auto at = [&times](std::size_t percent) {
    const std::size_t index = std::min(times.size() - 1, times.size() * percent / 100);
    return std::chrono::duration<double>(times[index]).count();
  };
  std::printf(
      "%-12s %6zu  p10 %.2f  p50 %.2f  p90 %.2f  p99 %.2f  max %.2f s\n",
      name,
      times.size(),
      at(10),
      at(50),
      at(90),
      at(99),
      at(100));
}

}  // namespace

Result<int> run_failover(const std::vector<std::string>& words) {
  const Result<Arguments> arguments =
      Arguments::parse(words, {"--node", "--near"}, {"--seeds", "-j"});
  if (!arguments.ok()) return arguments.error();
  const Result<std::uint64_t> seeds = arguments.value().number("--seeds", 50);
  const Result<std::uint64_t> jobs = arguments.value().number("-j", 1);
  if (!seeds.ok()) return seeds.error();
  if (!jobs.ok()) return jobs.error();
  std::vector<Duration> each;
  std::vector<Duration> last;
  std::mutex mutex;
  std::atomic<std::uint64_t> next{1};
  const auto work = [&] {
    for (std::uint64_t seed = next.fetch_add(1); seed <= seeds.value(); seed = next.fetch_add(1)) {
      FailoverPlan plan;
      plan.seed = seed;
      plan.is_region = !arguments.value().has("--node");
      plan.has_distances = !arguments.value().has("--near");
      const std::vector<Duration> times = measure_failover(plan);
      const std::lock_guard lock(mutex);
      each.insert(each.end(), times.begin(), times.end());
      if (!times.empty()) last.push_back(*std::ranges::max_element(times));
    }
  };
  std::vector<std::thread> threads;
  const std::uint64_t extra = std::clamp<std::uint64_t>(jobs.value(), 1, 64) - 1;
  for (std::uint64_t i = 0; i < extra; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  print("a shard", each);
  print("the last one", last);
  return 0;
}

}  // namespace harka::sim
