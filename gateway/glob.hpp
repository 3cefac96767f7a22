// SPDX-License-Identifier: Apache-2.0
// Redis's key patterns: * ? [abc] [^a] [a-z] and \ to escape (util.c: stringmatchlen). Goes back
// only to the last star, so that no pattern costs more than pattern times text.
#pragma once

#include <string_view>

namespace harka::gateway {

[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view text);

}  // namespace harka::gateway
