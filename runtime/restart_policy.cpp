// SPDX-License-Identifier: Apache-2.0
#include "runtime/restart_policy.hpp"

#include <algorithm>

namespace harka {

RestartPolicy::Decision RestartPolicy::on_exit(
    RestartType type, bool is_normal, History& history, Instant now, Random& random) {
  if (type == RestartType::temporary) return {Act::forget, {}};
  if (type == RestartType::transient && is_normal) return {Act::keep, {}};

  restarts_.push_back(now);
  while (restarts_.front() < now - options_.period) restarts_.pop_front();
  if (restarts_.size() > options_.intensity) return {Act::give_up, {}};

  const bool in_a_row = history.last_exit && now - *history.last_exit <= options_.period;
  history.streak = in_a_row ? history.streak + 1 : 0;
  history.last_exit = now;
  return {Act::restart, backoff(history.streak, random)};
}

RestartPolicy::Range RestartPolicy::affected(std::size_t failed, std::size_t count) const {
  ASSERT(failed < count);
  switch (options_.strategy) {
    case RestartStrategy::one_for_one: return {failed, failed + 1};
    case RestartStrategy::one_for_all: return {0, count};
    case RestartStrategy::rest_for_one: return {failed, count};
  }
  return {failed, failed + 1};
}

Duration RestartPolicy::backoff(std::uint32_t streak, Random& random) const {
  constexpr std::uint32_t doublings_max = 20;  // 10 ms doubled 20 times is three hours
  const Duration grown = options_.backoff_min * (1LL << std::min(streak, doublings_max));
  const Duration delay = std::min(grown, options_.backoff_max);
  return random.between(delay - delay / 5, delay + delay / 5);
}

}  // namespace harka
