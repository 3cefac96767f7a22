// SPDX-License-Identifier: Apache-2.0
#include "apps/output.hpp"

#include "apps/values.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace harka::apps {

admin::Style style_for_stdout(admin::Format format, bool has_headers) {
  admin::Style style;
  style.format = format;
  style.has_headers = has_headers;
  if (::isatty(STDOUT_FILENO) == 0) return style;
  const char* no_colour = std::getenv("NO_COLOR");
  style.has_colour = no_colour == nullptr || *no_colour == '\0';
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) style.width = size.ws_col;
  return style;
}

void print_document(const admin::Style& style, const admin::Json& document) {
  std::cout << admin::render(document, style) << std::flush;
}

int report_failure(const Error& error) {
  return report_failure(admin::Style{}, admin::failure_of(error.code), error.detail);
}

int report_failure(
    const admin::Style& style, const admin::Failure& failure, const std::string& detail) {
  return report_failure(style, failure, std::vector<std::string>{detail});
}

int report_failure(
    const admin::Style& style,
    const admin::Failure& failure,
    const std::vector<std::string>& details) {
  if (admin::is_machine_format(style.format)) {
    admin::Json document = admin::make_document("Error");
    document["code"] = std::string(failure.id);
    document["exitCode"] = static_cast<int>(failure.exit_code);
    document["what"] = join(details, "; ");
    document["why"] = std::string(failure.title);
    document["remedy"] = std::string(failure.remedy);
    print_document(style, document);
  }
  std::cerr << admin::error_text(failure, join(details, "\nharka: "));
  return failure.exit_code;
}

}  // namespace harka::apps
