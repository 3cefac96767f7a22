// SPDX-License-Identifier: Apache-2.0
// Any bytes, as any kind of message: decoding must refuse them or give a message that survives its
// own round trip, as Cap'n Proto's library does. The first two bytes choose the kind, so that the
// fuzzer can change it.
#include "schemas/codec.hpp"
#include "tests/schemas/oracle.hpp"
#include "tests/schemas/random_message.hpp"

#include <cstdlib>
#include <map>
#include <string>

namespace {

harka::SharedBytes body_of(const std::uint8_t* data, std::size_t size) {
  // A heap copy of the exact size: the sanitizer sees every byte read beyond it.
  return harka::SharedBytes::copy_of({reinterpret_cast<const char*>(data), size});
}

/// Where each kind stands in the message list.
std::map<std::uint16_t, std::size_t> places() {
  std::map<std::uint16_t, std::size_t> result;
  harka::Random random(1);
  for (std::size_t place = 1; place < harka::test::message_count; ++place) {
    result[harka::msg::wire_kind_of(harka::test::random_message(place, random))] = place;
  }
  return result;
}

/// By the library: the same value, or the same refusal.
bool is_as_expected(
    std::uint16_t kind,
    const harka::SharedBytes& body,
    const harka::Result<harka::msg::Message>& decoded) {
  static const harka::test::Oracle oracle;
  static const std::map<std::uint16_t, std::size_t> place_of = places();
  const auto place = place_of.find(kind);
  if (place == place_of.end()) return !decoded.ok();
  if (!decoded.ok() && harka::test::is_of_several_segments(body, decoded.error())) return true;
  const auto expected = oracle.decode(place->second, body);
  if (!decoded.ok()) return !expected.ok() && expected.error().code == decoded.error().code;
  return expected.ok() && expected.value() == decoded.value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto kind = static_cast<std::uint16_t>(data[0] | (data[1] << 8U));
  const harka::SharedBytes body = body_of(data + 2, size - 2);
  const auto decoded = harka::msg::decode(kind, body);
  if (!is_as_expected(kind, body, decoded)) std::abort();
  if (!decoded.ok()) return 0;
  const auto again = harka::msg::decode(kind, harka::msg::encode(decoded.value()));
  if (!again.ok() || !(again.value() == decoded.value())) std::abort();
  return 0;
}
