// SPDX-License-Identifier: Apache-2.0
// How a running node ends when it must not go on: at once, with a line in the log, a row of the
// table of failures on stderr and its exit code. A clean stop would write to what has just failed.
#pragma once

#include "admin/failures.hpp"
#include "runtime/net/rejection.hpp"

#include <string>

namespace harka::apps {

[[noreturn]] void end_process(const admin::Failure& failure, const std::string& detail);

/// A durable write failed: nothing may be acknowledged any more, and nobody knows what is on the
/// disk. A restart reads back what really is there.
void stop_for_disk(const Error& error);

/// What was read from the state is not what was written.
void stop_for_damage(const Error& error);

/// The same when the kernel finds it: from now on, for the state in this directory.
void guard_state(const std::string& directory);

/// A part that nobody restarts contradicted itself.
void stop_for_bug(const std::string& what);

/// No other node lets this one in, and says why in words that waiting does not change.
void stop_for_rejection(const net::Rejection& rejection);

}  // namespace harka::apps
