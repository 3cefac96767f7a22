// SPDX-License-Identifier: Apache-2.0
// What this program calls itself.
#include "apps/commands.hpp"

namespace harka::apps {

std::string version_text() {
  return HARKA_VERSION;
}

}  // namespace harka::apps
