// SPDX-License-Identifier: Apache-2.0
// Counts of latencies in buckets whose width grows with the value: 64 for each power of two, so a
// percentile is off by at most 1.6 %, whatever the range, and two histograms add up exactly.
#pragma once

#include "base/time.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

namespace harka::apps {

class Histogram {
 public:
  void add(Duration latency) {
    const auto nanos = static_cast<std::uint64_t>(std::max<std::int64_t>(latency.count(), 0));
    const std::size_t index = index_of(nanos);
    if (index >= counts_.size()) counts_.resize(index + 1);
    ++counts_[index];
    ++count_;
    max_ = std::max(max_, nanos);
  }

  void merge(const Histogram& other) {
    if (other.counts_.size() > counts_.size()) counts_.resize(other.counts_.size());
    for (std::size_t i = 0; i < other.counts_.size(); ++i) counts_[i] += other.counts_[i];
    count_ += other.count_;
    max_ = std::max(max_, other.max_);
  }

  [[nodiscard]] std::uint64_t count() const { return count_; }

  [[nodiscard]] double max_ms() const { return static_cast<double>(max_) / 1e6; }

  /// The smallest latency that at least this share (0 to 1) of all did not exceed; 0 without any.
  [[nodiscard]] double percentile_ms(double ratio) const {
    const auto wanted = static_cast<std::uint64_t>(std::ceil(ratio * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t index = 0; index < counts_.size(); ++index) {
      seen += counts_[index];
      if (seen > 0 && seen >= wanted) {
        return static_cast<double>(std::min(highest_in(index), max_)) / 1e6;
      }
    }
    return 0;
  }

 private:
  static constexpr unsigned bits = 6;  // 64 buckets for each power of two

  static std::size_t index_of(std::uint64_t value) {
    const auto width = static_cast<unsigned>(std::bit_width(value));
    if (width <= bits) return static_cast<std::size_t>(value);
    const unsigned shift = width - bits - 1;  // keeps a leading one and `bits` more
    return static_cast<std::size_t>(((shift + 1ULL) << bits) + (value >> shift) - (1ULL << bits));
  }

  static std::uint64_t highest_in(std::size_t index) {
    const std::uint64_t row = index >> bits;
    if (row <= 1) return index;
    const std::uint64_t shift = row - 1;
    const std::uint64_t base = (index & ((1ULL << bits) - 1)) + (1ULL << bits);
    return ((base + 1) << shift) - 1;
  }

  std::vector<std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace harka::apps
