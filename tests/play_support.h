// Runs a program of page/play.
#pragma once
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>

namespace gradus::page {

/// The output and the errors of a program that must end with this status.
inline std::string output_of(const std::string& command, int status) {
  FILE* const out = popen((command + " 2>&1").c_str(), "r");
  if (out == nullptr) return "popen failed";
  std::string text;
  std::array<char, 4096> buffer{};
  for (size_t got = 0; (got = fread(buffer.data(), 1, buffer.size(), out)) > 0;)
    text.append(buffer.data(), got);
  const int ended = pclose(out);
  EXPECT_TRUE(WIFEXITED(ended) && WEXITSTATUS(ended) == status) << text;
  return text;
}

}  // namespace gradus::page
