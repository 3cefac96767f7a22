// SPDX-License-Identifier: Apache-2.0
// One planted defect, and all of them.
#pragma once

#include "runtime/envelope.hpp"
#include "sim/workloads/load.hpp"

#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace harka::sim {

/// Gets every message on its way and returns what arrives instead; null: nothing does.
using Tamper = std::function<EnvelopePtr(const EnvelopePtr&)>;

struct Defect {
  std::string_view name;
  std::string_view what;                                // is broken, in words
  Tamper (*tamper)();                                   // null: the stores do it
  bool needs_cluster = false;                           // shows in whole nodes only
  bool is_stuck = false;                                // a run that does not live again is enough
  std::optional<WorkloadKind> workload = std::nullopt;  // shows in this one
  std::string_view scenario = {};  // shows in this one, else in what seeds draw
};

/// In the order of the README.
[[nodiscard]] const std::vector<Defect>& defects();
/// Null for a name that nobody has.
[[nodiscard]] const Defect* defect_of(std::string_view name);

/// The log store confirms what a crash can still take.
inline constexpr std::string_view answers_before_sync = "answers-before-sync";

[[nodiscard]] std::span<const Defect> election_defects();
[[nodiscard]] std::span<const Defect> replication_defects();
[[nodiscard]] std::span<const Defect> snapshot_defects();
[[nodiscard]] std::span<const Defect> store_defects();
[[nodiscard]] std::span<const Defect> shard_defects();

[[nodiscard]] inline EnvelopePtr with_body(const Envelope& envelope, msg::Message body) {
  return std::make_shared<const Envelope>(
      Envelope{envelope.from, envelope.to, envelope.correlation, std::move(body)});
}

/// Changes messages of type `T` by `change`, which says whether it did.
template <typename T, typename Change>
[[nodiscard]] Tamper on(Change change) {
  return [change = std::move(change)](const EnvelopePtr& envelope) mutable -> EnvelopePtr {
    const auto* message = std::get_if<T>(&envelope->body);
    if (message == nullptr) return envelope;
    T changed = *message;
    return change(changed) ? with_body(*envelope, std::move(changed)) : envelope;
  };
}

/// Loses messages of type `T` that `is_lost` picks.
template <typename T, typename Pick>
[[nodiscard]] Tamper lose(Pick is_lost) {
  return [is_lost = std::move(is_lost)](const EnvelopePtr& envelope) mutable -> EnvelopePtr {
    const auto* message = std::get_if<T>(&envelope->body);
    return message != nullptr && is_lost(*message) ? nullptr : envelope;
  };
}

}  // namespace harka::sim
