// SPDX-License-Identifier: Apache-2.0
// Bytes from a peer into the frame reader and on into the codec. The first byte says how the stream
// is split; however it is, the same frames come out, and none is larger than allowed.
#include "runtime/net/frame.hpp"
#include "runtime/net/wire.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t body_bytes_max = 64 * 1024;

struct Cut {
  harka::net::FrameHeader header;
  std::string body;
  friend bool operator==(const Cut&, const Cut&) = default;
};

std::vector<Cut> cut(std::string_view bytes, std::size_t piece) {
  using harka::net::FrameReader;
  FrameReader reader(body_bytes_max);
  std::vector<Cut> frames;
  std::size_t at = 0;
  for (;;) {
    harka::net::Frame frame;
    const auto next = reader.next(frame);
    if (next == FrameReader::Next::broken) return frames;
    if (next == FrameReader::Next::frame) {
      if (frame.body.size() > body_bytes_max || frame.body.size() % 8 != 0) std::abort();
      harka::msg::Message message;
      (void)harka::net::decode_message(frame.header.kind, frame, message);
      frames.push_back({frame.header, std::string(frame.body.view())});
      continue;
    }
    if (at == bytes.size()) return frames;
    const FrameReader::Space space = reader.space();
    const std::size_t count = std::min({space.size, piece, bytes.size() - at});
    std::memcpy(space.data, bytes.data() + at, count);
    reader.filled(count);
    at += count;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  if (cut(bytes, data[0] + 1U) != cut(bytes, bytes.size())) std::abort();
  return 0;
}
