// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/rejection.hpp"

#include "runtime/net/admission.hpp"

#include <algorithm>
#include <string_view>

namespace harka::net {

namespace {

using Kind = Rejection::Kind;

bool has_sign(const SeedAnswer& seed, std::string_view sign) {
  return seed.reason.find(sign) != std::string::npos;
}

std::optional<Kind> verdict_of(const SeedAnswer& seed) {
  if (has_sign(seed, sign_name_taken)) return Kind::name_taken;
  if (has_sign(seed, sign_other_cluster)) return Kind::other_cluster;
  if (has_sign(seed, sign_certificate)) return Kind::certificate;
  return std::nullopt;
}

Rejection make(Kind kind, const SeedAnswer& witness, const std::vector<SeedAnswer>& silent) {
  std::string text = "this node is not let in: " + witness.address + ": " + witness.reason;
  for (const SeedAnswer& seed : silent) {
    text += "; no verdict of " + seed.address + ": " + (seed.reason.empty() ? "-" : seed.reason);
  }
  return Rejection{kind, text};
}

}  // namespace

std::optional<Rejection> rejection_of(
    const std::vector<SeedAnswer>& seeds, const Applicant& applicant) {
  const auto is_taken = [](const SeedAnswer& seed) { return verdict_of(seed) == Kind::name_taken; };
  const auto owner = std::find_if(seeds.begin(), seeds.end(), is_taken);
  if (applicant.is_fresh && owner != seeds.end()) return make(Kind::name_taken, *owner, {});
  const auto witness = std::find_if(
      seeds.begin(), seeds.end(), [](const SeedAnswer& seed) { return verdict_of(seed); });
  if (witness == seeds.end()) return std::nullopt;
  const Kind kind = *verdict_of(*witness);
  std::vector<SeedAnswer> silent;
  for (const SeedAnswer& seed : seeds) {
    const auto verdict = verdict_of(seed);
    if (verdict && *verdict != kind) return std::nullopt;
    const bool is_twin_of_taken = kind == Kind::name_taken && has_sign(seed, sign_twin);
    if (!verdict && !is_twin_of_taken) silent.push_back(seed);
  }
  if (!silent.empty() && applicant.waited < rejection_patience) return std::nullopt;
  return make(kind, *witness, silent);
}

}  // namespace harka::net
