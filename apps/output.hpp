// SPDX-License-Identifier: Apache-2.0
// Where answers go: documents to stdout, everything else to stderr. What they look like is admin's.
#pragma once

#include "admin/failures.hpp"
#include "admin/render.hpp"
#include "apps/exit_code.hpp"

#include <string>
#include <vector>

namespace harka::apps {

/// A style for this process's stdout: its width, and colour if it is a terminal and NO_COLOR is
/// not set.
[[nodiscard]] admin::Style style_for_stdout(admin::Format format, bool has_headers);

void print_document(const admin::Style& style, const admin::Json& document);

/// Without a request for a machine format.
int report_failure(const Error& error);
/// Says what failed on stderr and, for a machine format, as an object on stdout. The exit code.
int report_failure(
    const admin::Style& style, const admin::Failure& failure, const std::string& detail);
/// The same for several things that are wrong at once.
int report_failure(
    const admin::Style& style,
    const admin::Failure& failure,
    const std::vector<std::string>& details);

}  // namespace harka::apps
