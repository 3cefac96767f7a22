// SPDX-License-Identifier: Apache-2.0
// The timers of the control actor, shared by its source files.
#pragma once

#include "runtime/turn.hpp"

namespace harka::control_timers {

enum Timer : TimerId { poll_timer, init_timer, init_resend_timer };

}  // namespace harka::control_timers
