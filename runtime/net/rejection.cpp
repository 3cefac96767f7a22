// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/rejection.hpp"

#include "runtime/net/admission.hpp"

#include <algorithm>
#include <string_view>

namespace harka::net {

namespace {

bool has_sign(const SeedAnswer& seed, std::string_view sign) {
  return seed.reason.find(sign) != std::string::npos;
}

Rejection make(Rejection::Kind kind, const SeedAnswer& seed) {
  return Rejection{kind, "this node is not let in: " + seed.address + ": " + seed.reason};
}

}  // namespace

std::optional<Rejection> rejection_of(const std::vector<SeedAnswer>& seeds, bool is_fresh) {
  if (seeds.empty()) return std::nullopt;
  const auto is_taken = [](const SeedAnswer& seed) { return has_sign(seed, sign_name_taken); };
  const auto witness = std::find_if(seeds.begin(), seeds.end(), is_taken);
  if (witness != seeds.end()) {
    const bool do_all_agree = std::all_of(seeds.begin(), seeds.end(), [&](const SeedAnswer& seed) {
      return is_taken(seed) || has_sign(seed, sign_twin);
    });
    if (is_fresh || do_all_agree) return make(Rejection::Kind::name_taken, *witness);
  }
  const auto do_all_say = [&](std::string_view sign) {
    return std::all_of(
        seeds.begin(), seeds.end(), [&](const SeedAnswer& seed) { return has_sign(seed, sign); });
  };
  if (do_all_say(sign_other_cluster)) return make(Rejection::Kind::other_cluster, seeds.front());
  if (do_all_say(sign_certificate)) return make(Rejection::Kind::certificate, seeds.front());
  return std::nullopt;
}

}  // namespace harka::net
