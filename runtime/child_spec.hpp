// SPDX-License-Identifier: Apache-2.0
// What is spawned is data: a tree of child specifications that both interpreters build a node from.
// The words and their meaning are Erlang/OTP's (supervisor behaviour).
#pragma once

#include "base/limits.hpp"
#include "runtime/envelope.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka {

enum class RestartType : std::uint8_t {
  permanent,  // always restarted
  transient,  // restarted after an abnormal exit only
  temporary   // never restarted
};

enum class RestartStrategy : std::uint8_t {
  one_for_one,  // restart the child that failed
  one_for_all,  // restart all children
  rest_for_one  // restart it and those started after it
};

/// Which thread runs an actor.
enum class ThreadUse : std::uint8_t {
  shared,  // a worker of the scheduler, with all others
  own,     // one of its own: never kept waiting by busy neighbours
  loop     // its host's: a gateway loop and its router
};

[[nodiscard]] constexpr std::string_view name_of(ThreadUse use) {
  switch (use) {
    case ThreadUse::shared: return "shared";
    case ThreadUse::own: return "own";
    case ThreadUse::loop: return "loop";
  }
  return "?";
}

/// How a supervisor answers failures. Exceeding `intensity` restarts within `period` makes it stop
/// its children and fail itself, so that its own supervisor decides.
struct RestartPolicyOptions {
  RestartStrategy strategy = RestartStrategy::one_for_one;
  std::uint32_t intensity = 5;
  Duration period = 5s;
  Duration backoff_min = 10ms;  // doubled at each restart of the same child in a row, ± 20 % jitter
  Duration backoff_max = 2s;
};

/// One child. A supervisor's `children` are started in order and stopped in reverse.
struct ChildSpec {
  Address address;  // also its name: "replica/17"
  RestartType restart = RestartType::permanent;
  Duration shutdown_budget = 5s;  // after StopChild; then it is killed
  std::size_t mailbox_max = limits::mailbox_default_max;
  ThreadUse thread = ThreadUse::shared;
  RestartPolicyOptions policy;      // supervisors only
  std::vector<ChildSpec> children;  // supervisors only
};

}  // namespace harka
