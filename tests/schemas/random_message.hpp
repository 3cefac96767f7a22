// SPDX-License-Identifier: Apache-2.0
// Random values of any struct of the schemas, from a seed: what round trips and mutations start
// from.
#pragma once

#include "base/random.hpp"
#include "schemas/messages.hpp"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace harka::test {

template <typename T>
struct IsVector : std::false_type {};

template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

inline std::string random_text(Random& random) {
  std::string text(random.below(4) == 0 ? 0 : random.below(40), '\0');
  for (char& c : text) c = static_cast<char>(random.below(256));
  return text;
}

/// A third of the numbers are small, a third any, a third at the edge of their type.
template <typename T>
T random_number(Random& random) {
  switch (random.below(3)) {
    case 0: return static_cast<T>(random.below(4));
    case 1: return static_cast<T>(random.next());
    default: return static_cast<T>(~std::uint64_t{0} >> 1U);
  }
}

template <typename T>
void fill(T& value, Random& random) {
  if constexpr (std::is_same_v<T, bool>) {
    value = random.chance(0.5);
  } else if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(random.below(count_of(T{})));
  } else if constexpr (std::is_arithmetic_v<T>) {
    value = random_number<T>(random);
  } else if constexpr (std::is_same_v<T, std::string>) {
    value = random_text(random);
  } else if constexpr (std::is_same_v<T, SharedBytes>) {
    value = SharedBytes(random_text(random));
  } else if constexpr (IsVector<T>::value) {
    value.resize(random.below(5));
    for (auto& item : value) fill(item, random);
  } else {
    for_each_field(value, [&](std::string_view, auto& field) { fill(field, random); });
  }
}

constexpr std::size_t message_count = std::variant_size_v<msg::Message>;

template <std::size_t... Index>
msg::Message random_message(std::size_t wanted, Random& random, std::index_sequence<Index...>) {
  msg::Message message;
  const auto make = [&]<std::size_t I>() {
    if (wanted != I) return;
    auto& value = message.emplace<I>();
    if constexpr (I != 0) fill(value, random);
  };
  (make.template operator()<Index>(), ...);
  return message;
}

/// A message of the kind at this place of the message list, 1 … message_count − 1.
inline msg::Message random_message(std::size_t wanted, Random& random) {
  return random_message(wanted, random, std::make_index_sequence<message_count>());
}

}  // namespace harka::test
