// SPDX-License-Identifier: Apache-2.0
// Printable names of the error codes.
#include "base/result.hpp"

namespace harka {

std::string_view name_of(Code code) {
  switch (code) {
    case Code::retry_later: return "retry_later";
    case Code::unknown_outcome: return "unknown_outcome";
    case Code::not_leader: return "not_leader";
    case Code::stale_epoch: return "stale_epoch";
    case Code::not_found: return "not_found";
    case Code::already_exists: return "already_exists";
    case Code::invalid_argument: return "invalid_argument";
    case Code::too_large: return "too_large";
    case Code::corrupt: return "corrupt";
    case Code::io_failed: return "io_failed";
    case Code::not_allowed: return "not_allowed";
    case Code::refused_to_protect: return "refused_to_protect";
  }
  return "unknown";
}

}  // namespace harka
