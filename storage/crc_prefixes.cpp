// SPDX-License-Identifier: Apache-2.0
// With R(s, m) for the register that starts as s and reads m: R(s, ab) = R(R(s, a), b), and
// R(s, b) = s · x^(8 |b|) ⊕ R(0, b), both in GF(2)[x] modulo the polynomial, bits reversed.
#include "storage/crc_prefixes.hpp"

#include "base/assert.hpp"
#include "storage/checksum.hpp"

#include <array>

namespace harka::storage {

namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::uint32_t polynomial = 0x82f63b78U;
constexpr std::uint32_t one = 1U << 31U;  // bits reversed

constexpr std::uint32_t multiply(std::uint32_t a, std::uint32_t b) {
  std::uint32_t product = 0;
  for (std::uint32_t bit = one; bit != 0; bit >>= 1U) {
    if ((a & bit) != 0) product ^= b;
    b = (b >> 1U) ^ ((b & 1U) != 0 ? polynomial : 0U);
  }
  return product;
}

/// x^8, x^16, x^32 … by squaring.
constexpr std::array<std::uint32_t, 32> make_powers() {
  std::array<std::uint32_t, 32> powers{};
  powers[0] = one >> 8U;
  for (std::size_t i = 1; i < powers.size(); ++i) {
    powers[i] = multiply(powers[i - 1], powers[i - 1]);
  }
  return powers;
}

constexpr std::array<std::uint32_t, 32> powers = make_powers();

std::uint32_t shifted(std::uint32_t value, std::size_t bytes) {
  for (std::size_t i = 0; bytes != 0; bytes >>= 1U, ++i) {
    if ((bytes & 1U) != 0) value = multiply(powers[i], value);
  }
  return value;
}

/// crc32c inverts the register before and after.
std::uint32_t read_on(std::uint32_t state, std::string_view bytes) {
  return ~crc32c(bytes, ~state);
}

}  // namespace

CrcPrefixes::CrcPrefixes(std::string_view bytes) : bytes_(bytes) {
  ASSERT(bytes.size() < (1ULL << 32U));
  blocks_.reserve(bytes.size() / block_bytes + 1);
  blocks_.push_back(0);
  for (std::size_t at = 0; at + block_bytes <= bytes.size(); at += block_bytes) {
    blocks_.push_back(read_on(blocks_.back(), bytes.substr(at, block_bytes)));
  }
}

std::uint32_t CrcPrefixes::prefix(std::size_t end) const {
  const std::size_t block = end / block_bytes;
  return read_on(blocks_[block], bytes_.substr(block * block_bytes, end % block_bytes));
}

std::uint32_t CrcPrefixes::crc_of(std::size_t begin, std::size_t length, std::uint32_t seed) const {
  ASSERT(begin <= bytes_.size() && length <= bytes_.size() - begin);
  return ~(shifted(~seed ^ prefix(begin), length) ^ prefix(begin + length));
}

}  // namespace harka::storage
