// SPDX-License-Identifier: Apache-2.0
// A run to look at: one HTML file that needs nothing else, with the trace inside. sim/viewer/ holds
// the page's sources, the build puts them together.
#pragma once

#include <string>
#include <string_view>

namespace harka::sim {

/// `trace` is JSON lines, as sim/trace.hpp says; whatever it holds stays data. Empty: the page asks
/// for a trace.
[[nodiscard]] std::string page_with(std::string_view trace);

/// The page without a trace, where "@TRACE@" stands once.
[[nodiscard]] std::string_view viewer_page();

}  // namespace harka::sim
