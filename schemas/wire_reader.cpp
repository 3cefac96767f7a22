// SPDX-License-Identifier: Apache-2.0
#include "schemas/wire_reader.hpp"

namespace harka::wire {

namespace {

constexpr const char* no_message = "not one whole message of one segment";
constexpr const char* far_pointer = "a pointer into another segment";

/// A message may be visited four times over; beyond that it is being amplified. Counted as Cap'n
/// Proto's library counts (the root pointer twice), so that both refuse the same messages.
constexpr std::size_t budget_of(std::size_t frame_words) {
  return 4 * frame_words + 64;
}

/// Of elements that are not structs.
constexpr Sections sections_of(ElementSize size) {
  switch (size) {
    case ElementSize::byte: return {1, 0};
    case ElementSize::two_bytes: return {2, 0};
    case ElementSize::four_bytes: return {4, 0};
    case ElementSize::eight_bytes: return {8, 0};
    case ElementSize::pointer: return {0, 1};
    case ElementSize::nothing:
    case ElementSize::bit:
    case ElementSize::composite: break;
  }
  return {0, 0};
}

constexpr std::size_t words_of_bytes(std::size_t bytes) {
  return (bytes + word_bytes - 1) / word_bytes;
}

}  // namespace

Reader::Reader(const SharedBytes& frame) : frame_(frame) {}

bool Reader::root(StructView& out) {
  const std::size_t frame_words = frame_.size() / word_bytes;
  if (frame_.size() % word_bytes != 0 || frame_words < 2) return refuse(Code::corrupt, no_message);
  const auto segments_less_one = load<std::uint32_t>(frame_.data());
  const auto segment_words = load<std::uint32_t>(frame_.data() + sizeof(std::uint32_t));
  if (segments_less_one != 0 || segment_words != frame_words - 1) {
    return refuse(Code::corrupt, no_message);
  }
  segment_ = frame_.data() + word_bytes;
  words_ = segment_words;
  budget_words_ = budget_of(frame_words) - 2;
  return structure(segment_, out);
}

bool Reader::structure(PointerAt at, StructView& out) {
  const Pointer pointer(at == nullptr ? 0 : load<std::uint64_t>(at));
  if (pointer.is_null()) return true;
  const StructSize size = pointer.struct_size();
  std::size_t target = 0;
  if (!follow(at, pointer, Pointer::Kind::structure, target)) return false;
  if (!claim(target, size.words())) return false;
  const auto data_bytes = static_cast<std::uint32_t>(size.data_words * word_bytes);
  out = StructView(segment_ + target * word_bytes, {data_bytes, size.pointers});
  return true;
}

bool Reader::list(PointerAt at, Sections least, ListView& out) {
  const Pointer pointer(at == nullptr ? 0 : load<std::uint64_t>(at));
  if (pointer.is_null()) return true;
  std::size_t target = 0;
  if (!follow(at, pointer, Pointer::Kind::list, target)) return false;
  const bool is_composite = pointer.element_size() == ElementSize::composite;
  if (is_composite ? !composite_list(pointer, target, out) : !flat_list(pointer, target, out)) {
    return false;
  }
  if (out.sections.data_bytes < least.data_bytes || out.sections.pointers < least.pointers) {
    return refuse(Code::corrupt, "a list of other elements");
  }
  return true;
}

bool Reader::flat_list(Pointer pointer, std::size_t target, ListView& out) {
  const ElementSize size = pointer.element_size();
  if (size == ElementSize::bit) return refuse(Code::corrupt, "a list of other elements");
  const Sections sections = sections_of(size);
  const std::size_t count = pointer.element_count();
  const std::size_t step_bytes = sections.data_bytes + sections.pointers * word_bytes;
  if (!claim(target, words_of_bytes(count * step_bytes))) return false;
  if (step_bytes == 0 && !spend(count)) return false;
  out = {
      segment_ + target * word_bytes,
      static_cast<std::uint32_t>(count),
      static_cast<std::uint32_t>(step_bytes),
      sections};
  return true;
}

bool Reader::composite_list(Pointer pointer, std::size_t target, ListView& out) {
  const std::size_t words = pointer.element_count();
  if (!claim(target, words + 1)) return false;
  const Pointer tag(load<std::uint64_t>(segment_ + target * word_bytes));
  const std::size_t count = tag.tag_count();
  const StructSize size = tag.struct_size();
  if (tag.kind() != Pointer::Kind::structure || count * size.words() > words) {
    return refuse(Code::corrupt, "a list whose tag lies");
  }
  if (size.words() == 0 && !spend(count)) return false;
  out = {
      segment_ + (target + 1) * word_bytes,
      static_cast<std::uint32_t>(count),
      static_cast<std::uint32_t>(size.words() * word_bytes),
      {static_cast<std::uint32_t>(size.data_words * word_bytes), size.pointers}};
  return true;
}

bool Reader::data(PointerAt at, std::string_view& out) {
  const Pointer pointer(at == nullptr ? 0 : load<std::uint64_t>(at));
  if (pointer.is_null()) return true;
  std::size_t target = 0;
  if (!follow(at, pointer, Pointer::Kind::list, target)) return false;
  if (pointer.element_size() != ElementSize::byte) {
    return refuse(Code::corrupt, "not a list of bytes");
  }
  const std::size_t bytes = pointer.element_count();
  if (!claim(target, words_of_bytes(bytes))) return false;
  out = std::string_view(segment_ + target * word_bytes, bytes);
  return true;
}

bool Reader::text(PointerAt at, std::string_view& out) {
  std::string_view bytes;
  if (!data(at, bytes)) return false;
  if (bytes.data() == nullptr) return true;  // a null pointer
  if (bytes.empty() || bytes.back() != '\0') {
    return refuse(Code::corrupt, "text without its final zero");
  }
  out = bytes.substr(0, bytes.size() - 1);
  return true;
}

/// The target may be the segment's end, where only what takes no words can lie. Targets outside
/// count as that too, as in Cap'n Proto's library.
bool Reader::follow(PointerAt at, Pointer pointer, Pointer::Kind wanted, std::size_t& target) {
  if (pointer.kind() != wanted) {
    const bool is_far = pointer.kind() == Pointer::Kind::far;
    return refuse(Code::corrupt, is_far ? far_pointer : "a pointer of another kind");
  }
  const std::int64_t from = (at - segment_) / static_cast<std::int64_t>(word_bytes) + 1;
  const auto wished = static_cast<std::size_t>(from + pointer.offset());  // below zero: huge
  target = wished > words_ ? words_ : wished;
  return true;
}

/// The words from `target` on, `target <= words_`.
bool Reader::claim(std::size_t target, std::size_t words) {
  if (words > words_ - target) return refuse(Code::corrupt, "a pointer out of the message");
  return spend(words);
}

bool Reader::spend(std::size_t words) {
  if (words > budget_words_) return refuse(Code::corrupt, "the same bytes again and again");
  budget_words_ -= words;
  return true;
}

bool Reader::refuse(Code code, const char* reason) {
  code_ = code;
  reason_ = reason;
  return false;
}

bool Reader::blame(const char* field) {
  path_ = path_.empty() ? field : std::string(field) + '.' + path_;
  return false;
}

Error Reader::refusal() const {
  return {code_, path_.empty() ? std::string(reason_) : path_ + ": " + reason_};
}

}  // namespace harka::wire
