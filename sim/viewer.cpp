// SPDX-License-Identifier: Apache-2.0
#include "sim/viewer.hpp"

#include "base/assert.hpp"

namespace harka::sim {

std::string page_with(std::string_view trace) {
  constexpr std::string_view mark = "@TRACE@";
  const std::string_view page = viewer_page();
  const std::size_t at = page.find(mark);
  ASSERT(at != std::string_view::npos);
  std::string text(page.substr(0, at));
  text.reserve(page.size() + trace.size() + trace.size() / 16);
  for (const char letter : trace) {
    // In JSON it stands within strings only, where this says the same; in HTML it would end the
    // script.
    if (letter == '<')
      text += "\\u003c";
    else
      text += letter;
  }
  text += page.substr(at + mark.size());
  return text;
}

}  // namespace harka::sim
