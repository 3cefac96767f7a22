// SPDX-License-Identifier: Apache-2.0
// Writes JSON that is valid by construction: commas, quotes and escapes are the writer's business.
// Reading JSON is simdjson's (gateway) or a tool's.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace harka {

class JsonWriter {
 public:
  JsonWriter& begin_object() { return open('{', '}'); }

  JsonWriter& begin_array() { return open('[', ']'); }

  /// Closes the innermost object or array.
  JsonWriter& end();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);

  JsonWriter& value(const char* text) { return value(std::string_view(text)); }

  JsonWriter& value(bool flag) { return raw(flag ? "true" : "false"); }

  JsonWriter& value(std::int64_t number) { return raw(std::to_string(number)); }

  JsonWriter& value(std::uint64_t number) { return raw(std::to_string(number)); }

  JsonWriter& value(std::uint32_t number) { return raw(std::to_string(number)); }

  /// Three digits after the point; not-a-number and infinities become null.
  JsonWriter& value(double number);

  JsonWriter& null() { return raw("null"); }

  template <typename T>
  JsonWriter& field(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  /// Already valid JSON.
  JsonWriter& raw(std::string_view json);

  /// The finished text; every object and array must have been ended.
  [[nodiscard]] std::string take();

 private:
  JsonWriter& open(char begin, char end);
  void separate();
  void quote(std::string_view text);

  std::string out_;
  std::vector<char> closers_;
  bool needs_comma_ = false;
};

}  // namespace harka
