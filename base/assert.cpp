// SPDX-License-Identifier: Apache-2.0
// The two ways an assertion ends: an exception for a machine, an abort for durable data.
#include "base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace harka {

namespace {

std::string describe(const char* condition, const char* file, int line) {
  return std::string(file) + ":" + std::to_string(line) + ": assertion failed: " + condition;
}

}  // namespace

void assert_failed(const char* condition, const char* file, int line) {
  throw Bug(describe(condition, file, line));
}

void assert_durable_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s (durable state; aborting)\n", describe(condition, file, line).c_str());
  std::abort();
}

}  // namespace harka
