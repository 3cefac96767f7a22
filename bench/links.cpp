// SPDX-License-Identifier: Apache-2.0
// Two processes and one link with mutual TLS: 100 byte messages a second one way, from envelope to
// decoded envelope, and round trips one at a time. bench/links.sh runs it beside Erlang/OTP.
#include "runtime/net/links.hpp"

#include "base/node_id.hpp"
#include "runtime/net/dev_ca.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace harka::net {
namespace {

constexpr std::size_t payload_bytes = 100;
using Clock = std::chrono::steady_clock;

// `duplicate` asks for an answer: the payload back, and how many messages came before.
class EchoPort final : public Port {
 public:
  explicit EchoPort(Directory& directory) : directory_(directory) {}

  bool post(EnvelopePtr envelope) override {
    const auto* message = std::get_if<msg::ShardReply>(&envelope->body);
    if (message == nullptr) return false;
    if (!message->duplicate) {
      count_ += message->replies.size() == payload_bytes ? 1 : 0;
      return true;
    }
    msg::ShardReply answer = *message;
    answer.applied_index = count_;
    return directory_.post(std::make_shared<const Envelope>(
        Envelope{envelope->to, envelope->from, envelope->correlation, std::move(answer)}));
  }

 private:
  Directory& directory_;
  std::uint64_t count_ = 0;
};

class AnswerPort final : public Port {
 public:
  bool post(EnvelopePtr envelope) override {
    const std::lock_guard lock(mutex_);
    answer_ = std::move(envelope);
    arrived_.notify_one();
    return true;
  }

  std::uint64_t wait() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [&] { return answer_ != nullptr; });
    return std::get<msg::ShardReply>(std::exchange(answer_, nullptr)->body).applied_index;
  }

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  EnvelopePtr answer_;
};

struct Node {
  Node(const std::string& dir, const std::string& name, std::string listen)
      : directory(node_id_of(name)), loop(name) {
    LinkOptions options;
    options.own.node = directory.self().value;
    options.own.name = name;
    options.own.epoch = 1;
    options.own.data_id = directory.self().value;
    options.listen_address = std::move(listen);
    // The sender outruns the link: what waits is to stay in the processor's caches.
    options.outbox_bytes_max = 1024 * 1024;
    if (std::getenv("HARKA_BENCH_PLAIN") != nullptr) {
      options.allows_plaintext = true;
    } else {
      options.tls = dev_tls_files(dir, name);
    }
    auto started = Links::start(loop, directory, options);
    if (!started) {
      std::fprintf(stderr, "%s\n", started.error().detail.c_str());
      std::exit(1);
    }
    links = started.value();
    directory.bind_links(links);
  }

  Directory directory;
  EventLoop loop;
  std::shared_ptr<Links> links;
};

// By these names their certificates are made, and the ids belong to the names.
constexpr const char* server_name = "server";
constexpr const char* client_name = "client";
constexpr NodeId server_id = node_id_of(server_name);
constexpr NodeId client_id = node_id_of(client_name);

int serve(const std::string& dir, const std::string& port) {
  Node node(dir, server_name, "127.0.0.1:" + port);
  node.directory.bind(
      address_of(server_id, msg::ActorKind::cache), std::make_shared<EchoPort>(node.directory));
  std::puts("ready");
  std::fflush(stdout);
  (void)std::getchar();  // until the script closes the pipe
  node.links->stop();
  return 0;
}

class Client {
 public:
  Client(const std::string& dir, const std::string& port) : node_(dir, client_name, "127.0.0.1:0") {
    node_.directory.bind(address_of(client_id, msg::ActorKind::cache), answers_);
    node_.links->set_peers({{server_id, server_name, "127.0.0.1:" + port, "", 0, false}});
    while (node_.links->status().empty() || !node_.links->status()[0].is_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  double one_way(std::uint64_t count) {
    const auto before = Clock::now();
    const std::uint64_t counted_before = counted_;
    for (std::uint64_t i = 0; i < count; ++i) send(plain_);
    send(asking_);
    counted_ = answers_->wait();
    const std::chrono::duration<double> took = Clock::now() - before;
    if (counted_ - counted_before != count) {
      std::fprintf(
          stderr,
          "lost messages: %lu of %lu arrived\n",
          static_cast<unsigned long>(counted_ - counted_before),
          static_cast<unsigned long>(count));
      std::exit(1);
    }
    return static_cast<double>(count) / took.count();
  }

  double round_trip() {
    const auto before = Clock::now();
    send(asking_);
    (void)answers_->wait();
    return std::chrono::duration<double, std::micro>(Clock::now() - before).count();
  }

  void print_status() {
    const PeerStatus status = node_.links->status()[0];
    std::fprintf(
        stderr,
        "bytes out %lu, refused posts %lu\n",
        static_cast<unsigned long>(status.bytes_out),
        static_cast<unsigned long>(status.messages_refused));
  }

 private:
  // The same envelope again and again, as the Erlang side sends the same term: what is measured is
  // the link, not the making of messages.
  static EnvelopePtr make(bool wants_answer) {
    msg::ShardReply message;
    message.sequence = 1;
    message.duplicate = wants_answer;
    message.replies = SharedBytes(std::string(payload_bytes, 'x'));
    return std::make_shared<const Envelope>(Envelope{
        address_of(client_id, msg::ActorKind::cache),
        address_of(server_id, msg::ActorKind::cache),
        0,
        std::move(message)});
  }

  void send(const EnvelopePtr& envelope) {
    // A full outbox is the back-pressure that a real sender would answer by shedding.
    while (!node_.directory.post(envelope)) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  }

  Node node_;
  std::shared_ptr<AnswerPort> answers_ = std::make_shared<AnswerPort>();
  EnvelopePtr plain_ = make(false);
  EnvelopePtr asking_ = make(true);
  std::uint64_t counted_ = 0;
};

int measure(const std::vector<std::string>& arguments) {
  Client client(arguments[2], arguments[3]);
  const std::uint64_t count = std::stoull(arguments[4]);
  const std::size_t rounds = std::stoull(arguments[5]);
  (void)client.one_way(count / 10);
  double rate = 0;
  for (int run = 0; run < 3; ++run) rate = std::max(rate, client.one_way(count));
  std::vector<double> times;
  for (std::size_t i = 0; i < rounds; ++i) times.push_back(client.round_trip());
  std::sort(times.begin(), times.end());
  std::printf(
      "%s one_way_per_second %.0f rtt_p50_us %.1f rtt_p99_us %.1f\n",
      std::getenv("HARKA_BENCH_PLAIN") != nullptr ? "harka_plain" : "harka_tls",
      rate,
      times[rounds / 2],
      times[rounds * 99 / 100]);
  client.print_status();
  return 0;
}

int run(const std::vector<std::string>& arguments) {
  const std::string mode = arguments.size() > 1 ? arguments[1] : "";
  if (mode == "certs" && arguments.size() == 3) {
    const std::string& dir = arguments[2];
    const bool made = make_dev_ca(dir).ok() && issue_node_certificate(dir, server_name).ok() &&
                      issue_node_certificate(dir, client_name).ok();
    return made ? 0 : 1;
  }
  if (mode == "server" && arguments.size() == 4) return serve(arguments[2], arguments[3]);
  if (mode == "client" && arguments.size() == 6) return measure(arguments);
  std::fprintf(stderr, "bench_links certs DIR | server DIR PORT | client DIR PORT COUNT ROUNDS\n");
  return 2;
}

}  // namespace
}  // namespace harka::net

int main(int argc, char** argv) {
  return harka::net::run(std::vector<std::string>(argv, argv + argc));
}
