// SPDX-License-Identifier: Apache-2.0
// A large write waits for the end of the turn and goes out with its neighbours; a small one goes
// at once when nothing waits, so that a TLS alert leaves before the connection is dropped.
#include "runtime/net/stream.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace harka::net {

namespace {

constexpr std::size_t read_ahead_bytes = 128 * 1024;
constexpr std::size_t pending_bytes_max = 256 * 1024;
constexpr std::size_t small_write_bytes = 4 * 1024;

// KJ's streams have no virtual destructor: kj::Own remembers how to destroy what it was made with.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class BufferedStream final : public kj::AsyncIoStream {
 public:
  explicit BufferedStream(kj::Own<kj::AsyncIoStream> stream) : stream_(kj::mv(stream)) {}

  kj::Promise<std::size_t> tryRead(
      void* buffer, std::size_t bytes_min, std::size_t bytes_max) override {
    if (read_end_ - read_begin_ >= bytes_min) return take(buffer, bytes_max);
    if (bytes_max >= read_ahead_bytes / 2 || read_end_ > read_begin_) {
      return read_through(static_cast<char*>(buffer), bytes_min, bytes_max);
    }
    if (ahead_ == nullptr) ahead_.reset(new char[read_ahead_bytes]);
    return stream_->tryRead(ahead_.get(), bytes_min, read_ahead_bytes)
        .then([this, buffer, bytes_max](std::size_t count) {
          read_begin_ = 0;
          read_end_ = count;
          return take(buffer, bytes_max);
        });
  }

  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    if (failure_ != nullptr) return kj::cp(*failure_);
    const auto* bytes = static_cast<const char*>(buffer);
    pending_.append(bytes, size);
    if (!is_flushing_) {
      is_flushing_ = true;
      auto flushed = size < small_write_bytes ? flush() : kj::evalLast([this] { return flush(); });
      flushing_ = flushed.eagerlyEvaluate([this](kj::Exception&& exception) { fail(exception); });
    }
    if (pending_.size() < pending_bytes_max) return kj::READY_NOW;
    auto waiting = kj::newPromiseAndFulfiller<void>();
    room_ = kj::mv(waiting.fulfiller);
    return kj::mv(waiting.promise);
  }

  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    if (pieces.size() == 0) return kj::READY_NOW;
    auto first = write(pieces[0].begin(), pieces[0].size());
    if (pieces.size() == 1) return first;
    return first.then([this, rest = pieces.slice(1, pieces.size())] { return write(rest); });
  }

  kj::Promise<void> whenWriteDisconnected() override { return stream_->whenWriteDisconnected(); }

  void shutdownWrite() override {
    // Only TLS calls this, after its last bytes; they are small and have left.
    stream_->shutdownWrite();
  }

  void abortRead() override { stream_->abortRead(); }

  void getsockopt(int level, int option, void* value, kj::uint* length) override {
    stream_->getsockopt(level, option, value, length);
  }

  void setsockopt(int level, int option, const void* value, kj::uint length) override {
    stream_->setsockopt(level, option, value, length);
  }

 private:
  std::size_t take(void* buffer, std::size_t bytes_max) {
    const std::size_t count = std::min(read_end_ - read_begin_, bytes_max);
    std::memcpy(buffer, ahead_.get() + read_begin_, count);
    read_begin_ += count;
    return count;
  }

  kj::Promise<std::size_t> read_through(
      char* buffer, std::size_t bytes_min, std::size_t bytes_max) {
    const std::size_t had = read_end_ > read_begin_ ? take(buffer, bytes_max) : 0;
    return stream_->tryRead(buffer + had, bytes_min - had, bytes_max - had)
        .then([had](std::size_t count) { return had + count; });
  }

  kj::Promise<void> flush() {
    if (pending_.empty()) {
      is_flushing_ = false;
      return kj::READY_NOW;
    }
    writing_.clear();
    writing_.swap(pending_);
    if (room_.get() != nullptr) room_->fulfill();
    return stream_->write(writing_.data(), writing_.size()).then([this] { return flush(); });
  }

  void fail(const kj::Exception& exception) {
    failure_ = std::make_unique<kj::Exception>(kj::cp(exception));
    if (room_.get() != nullptr) room_->reject(kj::cp(exception));
  }

  kj::Own<kj::AsyncIoStream> stream_;
  std::unique_ptr<char[]> ahead_;
  std::size_t read_begin_ = 0;
  std::size_t read_end_ = 0;
  std::string pending_;
  std::string writing_;
  bool is_flushing_ = false;
  std::unique_ptr<kj::Exception> failure_;
  kj::Own<kj::PromiseFulfiller<void>> room_;
  kj::Promise<void> flushing_ = nullptr;
};

#pragma GCC diagnostic pop

}  // namespace

kj::Own<kj::AsyncIoStream> make_buffered(kj::Own<kj::AsyncIoStream> stream) {
  return kj::heap<BufferedStream>(kj::mv(stream));
}

}  // namespace harka::net
