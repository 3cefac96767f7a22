// SPDX-License-Identifier: Apache-2.0
// Whether two nodes may link: a pure judgement of what the other one says about itself, made by
// both sides with the same rules. The text goes to both logs, so it says what to do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace harka::net {

// By these words the dialer recognises why it was refused (rejection.cpp): the answer is text.
constexpr std::string_view sign_name_taken = "belongs to the node at";
constexpr std::string_view sign_self = "reached itself";
constexpr std::string_view sign_twin = "two nodes are called";
constexpr std::string_view sign_other_cluster = "belongs to cluster";
constexpr std::string_view sign_certificate = "certificate";  // also in what TLS says

/// Who a node says that it is.
struct Identity {
  std::uint64_t node = 0;
  std::string name;
  std::uint64_t epoch = 0;
  std::uint64_t cluster_id = 0;  // 0: not initialised
  std::uint64_t data_id = 0;     // 0: unknown
  std::uint32_t protocol_min = 1;
  std::uint32_t protocol_max = 1;
};

/// What is already known about a node with that id.
struct KnownPeer {
  std::uint64_t data_id = 0;  // 0: unknown
  std::uint64_t epoch_max = 0;
  std::string link_address;
};

/// Why `own` refuses `peer`; nothing when it does not.
[[nodiscard]] std::optional<std::string> refusal_of(
    const Identity& own, const Identity& peer, const KnownPeer& known);

/// The highest protocol version that both speak. Only when they are not refused.
[[nodiscard]] std::uint32_t protocol_of(const Identity& own, const Identity& peer);

/// How many rounds a node waits since the link's last change before it dials. In the same state the
/// node with the higher id always waits longer: equally patient, both would dial at one moment,
/// undo each other's half of the link and wait again, on a slow machine for minutes.
[[nodiscard]] constexpr int rounds_before_dial(bool is_higher_id, bool has_half) {
  if (has_half) return is_higher_id ? 3 : 1;
  return is_higher_id ? 1 : 0;
}

}  // namespace harka::net
