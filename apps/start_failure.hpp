// SPDX-License-Identifier: Apache-2.0
// Why a node does not start or goes on no longer: a row of the table of failures and the details.
// The same error code means different things in different places, so the place decides the row.
#pragma once

#include "admin/failures.hpp"

#include <string>

namespace harka::apps {

/// What was being opened.
enum class Stage { data_dir, stores, listeners };

struct StartFailure {
  const admin::Failure* failure = nullptr;
  std::string detail;
};

[[nodiscard]] StartFailure failure_at(Stage stage, const Error& error);

/// Of a running node: a full disk and a broken one need different remedies.
[[nodiscard]] const admin::Failure& failure_of_disk(const Error& error);

}  // namespace harka::apps
