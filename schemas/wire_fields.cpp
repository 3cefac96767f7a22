// SPDX-License-Identifier: Apache-2.0
#include "schemas/wire_fields.hpp"

namespace harka::msg {

namespace {

constexpr const char* too_long = "beyond its declared limit";
/// Data up to this size is copied out of its frame, because a slice keeps the whole receive buffer
/// (128 KiB) alive: what one may hold in memory is at most 32 times what was sent.
constexpr std::size_t copied_data_bytes_max = 4096;

}  // namespace

bool read_field(
    std::string& value, wire::PointerAt at, std::size_t bytes_max, wire::Reader& reader) {
  std::string_view text;
  if (!reader.text(at, text)) return false;
  if (text.size() > bytes_max) return reader.refuse(Code::too_large, too_long);
  value = text;
  return true;
}

bool read_field(
    SharedBytes& value, wire::PointerAt at, std::size_t bytes_max, wire::Reader& reader) {
  std::string_view data;
  if (!reader.data(at, data)) return false;
  if (data.size() > bytes_max) return reader.refuse(Code::too_large, too_long);
  if (data.empty()) return true;
  const SharedBytes& frame = reader.frame();
  value = data.size() <= copied_data_bytes_max
              ? SharedBytes::copy_of(data)
              : frame.slice(static_cast<std::size_t>(data.data() - frame.data()), data.size());
  return true;
}

}  // namespace harka::msg
