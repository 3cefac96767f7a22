// SPDX-License-Identifier: Apache-2.0
// The one home of spdlog: one logger, one line format, each line from info on written at once.
#include "base/log.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace harka::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::trace: return spdlog::level::trace;
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
    case Level::off: return spdlog::level::off;
  }
  return spdlog::level::info;
}

// spdlog keeps its default logger in its own registry; before `configure` it is made here, once,
// so that nothing is ever printed to stdout, which belongs to results.
spdlog::logger& logger() {
  static const bool is_ready = [] {
    auto fallback = std::make_shared<spdlog::logger>(
        "harka", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    fallback->set_level(spdlog::level::warn);
    spdlog::set_default_logger(std::move(fallback));
    return true;
  }();
  (void)is_ready;
  return *spdlog::default_logger_raw();
}

}  // namespace

Result<void> configure(const Options& options) {
  (void)logger();
  spdlog::sink_ptr sink;
  if (options.file.empty()) {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  } else {
    try {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(options.file);
    } catch (const spdlog::spdlog_ex& failure) {  // spdlog reports by exception; the border is here
      return Error{Code::io_failed, std::string("the log file: ") + failure.what()};
    }
  }
  auto made = std::make_shared<spdlog::logger>("harka", std::move(sink));
  made->set_pattern(
      options.node.empty() ? "%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v"
                           : "%Y-%m-%dT%H:%M:%S.%eZ " + options.node + " %^%l%$ %v",
      spdlog::pattern_time_type::utc);
  made->set_level(to_spdlog(options.level));
  made->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(made));
  return {};
}

void write(Level level, std::string_view component, std::string_view text) {
  logger().log(to_spdlog(level), "[{}] {}", component, text);
}

bool is_enabled(Level level) {
  return logger().should_log(to_spdlog(level));
}

}  // namespace harka::log
