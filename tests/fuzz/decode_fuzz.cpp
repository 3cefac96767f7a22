// SPDX-License-Identifier: Apache-2.0
// Any bytes, as any kind of message: decoding must refuse them or give a message that survives its
// own round trip. The first two bytes choose the kind, so that the fuzzer can change it.
#include "schemas/codec.hpp"

#include <cstdlib>
#include <string>

namespace {

harka::SharedBytes body_of(const std::uint8_t* data, std::size_t size) {
  // A heap copy of the exact size: the sanitizer sees every byte read beyond it.
  return harka::SharedBytes::copy_of({reinterpret_cast<const char*>(data), size});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<std::uint16_t>(data[0] | (data[1] << 8U));
  const auto decoded = harka::msg::decode(kind, body_of(data + 2, size - 2));
  if (!decoded.ok()) return 0;
  const auto again = harka::msg::decode(kind, harka::msg::encode(decoded.value()));
  if (!again.ok() || !(again.value() == decoded.value())) std::abort();
  return 0;
}
