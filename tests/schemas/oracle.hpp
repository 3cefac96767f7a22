// SPDX-License-Identifier: Apache-2.0
// Cap'n Proto's own library as the reference for our codec: the same structs written and read
// through its dynamic API, by the schemas as its compiler understood them. Nothing of schemagen's
// model or of schemas/wire_* is in it. Slow, for tests only.
#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "schemas/messages.hpp"

#include <memory>
#include <string>

namespace harka::test {

class Oracle {
 public:
  Oracle();
  ~Oracle();
  Oracle(const Oracle&) = delete;
  Oracle& operator=(const Oracle&) = delete;

  /// The library's bytes, fields written in their order, empty ones left out.
  [[nodiscard]] std::string encode(msg::Message message) const;
  /// What the library reads under our limits; refuses with our codes, at the first field that is
  /// wrong. `place` is that of the kind in the message list, 1 …
  [[nodiscard]] Result<msg::Message> decode(std::size_t place, const SharedBytes& body) const;

 private:
  struct Schemas;
  std::unique_ptr<Schemas> schemas_;
};

/// Whether our decoder may refuse although the library would read on: messages of several segments
/// and far pointers, which nobody sends.
[[nodiscard]] bool is_of_several_segments(const SharedBytes& body, const Error& refusal);

}  // namespace harka::test
