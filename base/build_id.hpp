// SPDX-License-Identifier: Apache-2.0
// Which commit this binary was built from. Defined by a source that the build writes
// (cmake/build_id.cmake).
#pragma once

#include <string_view>

namespace harka {

/// The short commit, with `+changes` when the tree was not clean; `unknown` outside of a
/// repository.
[[nodiscard]] std::string_view build_id();

}  // namespace harka
