// SPDX-License-Identifier: Apache-2.0
// The tables that people see, one for each kind of document.
#pragma once

#include "admin/render.hpp"

#include <string_view>

namespace harka::admin {

/// Null for a kind without a table.
[[nodiscard]] const View* find_view(std::string_view kind);

}  // namespace harka::admin
