// SPDX-License-Identifier: Apache-2.0
// Expected failures as values. Few codes, named for what the caller should do about them.
#pragma once

#include "base/assert.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace harka {

/// What the caller should do. One enum for the whole system.
enum class Code {
  retry_later,      // nothing happened; the same call may succeed soon
  unknown_outcome,  // it may or may not have happened; retry only what is idempotent
  not_leader,       // ask the leader named in the detail, or refresh the map
  stale_epoch,      // the caller acts on an old incarnation or map: refresh, then decide again
  not_found,
  already_exists,
  invalid_argument,   // the caller's input is wrong; the detail says how
  too_large,          // a declared limit was exceeded; the detail names it
  corrupt,            // bytes that should be trustworthy are not
  io_failed,          // the disk or the network refused; the detail has the system's words
  not_allowed,        // authentication or authorisation
  refused_to_protect  // doing it could lose or expose data
};

[[nodiscard]] std::string_view name_of(Code code);

struct Error {
  Code code{};
  std::string detail;  // one line: what failed, why, what to do
  friend bool operator==(const Error&, const Error&) = default;
};

/// Either a value or an Error. `value()` on an error is a bug, not a way to test for one.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}  // NOLINT(google-explicit-constructor)

  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return std::holds_alternative<T>(state_); }

  explicit operator bool() const { return ok(); }

  [[nodiscard]] const T& value() const& {
    ASSERT(ok());
    return *std::get_if<T>(&state_);
  }

  [[nodiscard]] T& value() & {
    ASSERT(ok());
    return *std::get_if<T>(&state_);
  }

  [[nodiscard]] T&& value() && {
    ASSERT(ok());
    return std::move(*std::get_if<T>(&state_));
  }

  [[nodiscard]] const Error& error() const {
    ASSERT(!ok());
    return *std::get_if<Error>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;

  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const { return !error_.has_value(); }

  explicit operator bool() const { return ok(); }

  [[nodiscard]] const Error& error() const {
    ASSERT(!ok());
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

}  // namespace harka
