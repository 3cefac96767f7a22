// SPDX-License-Identifier: Apache-2.0
// Erlang/OTP's restart arithmetic, as stdlib's supervisor.erl has it, without any actor: who is
// restarted after an exit, and when the supervisor gives up. OTP restarts at once; we add an
// exponential backoff with ± 20 % jitter, so that a crash loop does not burn a core.
#pragma once

#include "base/random.hpp"
#include "runtime/child_spec.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace harka {

class RestartPolicy {
 public:
  enum class Act {
    forget,   // the child and its specification are gone (temporary)
    keep,     // it stays down, but a group restart may start it again (transient, normal exit)
    restart,  // after `delay`, together with whom `affected` names
    give_up   // more than `intensity` restarts within `period`: stop all, fail
  };

  struct Decision {
    Act act = Act::keep;
    Duration delay{};
  };

  /// What is remembered of one child between its exits.
  struct History {
    std::uint32_t streak = 0;  // restarts in a row, each less than `period` after the one before
    std::optional<Instant> last_exit;
  };

  /// Positions in start order: [begin, end).
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;
  };

  explicit RestartPolicy(const RestartPolicyOptions& options) : options_(options) {}

  /// A child ended by itself (not because it was asked to). Records the restart it decides on.
  [[nodiscard]] Decision on_exit(
      RestartType type, bool is_normal, History& history, Instant now, Random& random);
  /// Whom a restart of child `failed` of `count` stops and starts: itself, all, or it and the
  /// later.
  [[nodiscard]] Range affected(std::size_t failed, std::size_t count) const;

  [[nodiscard]] const RestartPolicyOptions& options() const { return options_; }

 private:
  [[nodiscard]] Duration backoff(std::uint32_t streak, Random& random) const;

  RestartPolicyOptions options_;
  std::deque<Instant> restarts_;  // within the period; at most intensity + 1
};

}  // namespace harka
